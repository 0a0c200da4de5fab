#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plastic/core/tensor.h"
#include "plastic/optim/neuroplastic.h"
#include "plastic/optim/optimizer.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// An optimizer by name, with the options that it has.
struct OptimizerSettings {
  /// The name of a row in optimizer_table().
  std::string name = "neuroplastic";
  /// Learning rate.
  double lr = 0.0;
  /// Coupled or decoupled, as the optimizer's own header says.
  double weight_decay = 0.0;
  /// What only some optimizers have, by the name of the option: {"momentum", 0.9}.
  std::map<std::string, double> numbers = {};
  /// The same for what is on or off: {"nesterov", false}.
  std::map<std::string, bool> switches = {};
  /// NeuroPlastic's options, for the optimizers that have them; lr and weight_decay are those
  /// above.
  NeuroPlasticOptions plasticity = {};

  /// Throws Error for a number that the optimizer does not have.
  double number(const std::string& option) const;
  /// Throws Error for a switch that the optimizer does not have.
  bool is_on(const std::string& option) const;
};

/// Parameters that share options.
struct OptimizerGroup {
  /// Name and options.
  OptimizerSettings settings;
  /// As the optimizer's constructor takes them.
  std::vector<Tensor> parameters;
};

/// A row of optimizer_table().
struct OptimizerEntry {
  /// As find_optimizer() and `plastic train --optimizer` take it.
  std::string name;
  /// The options in `numbers` and `switches` are those that the optimizer has besides the ones that
  /// all have.
  OptimizerSettings defaults;
  /// Whether it has NeuroPlastic's options.
  bool has_plasticity = false;
  /// One of NeuroPlastic's options that makes the optimizer what it is and cannot be given.
  std::string fixed_option = {};
  /// Makes the optimizer of a row over groups of parameters: see make_optimizer().
  std::function<std::unique_ptr<Optimizer>(std::span<const OptimizerGroup>)> make;
};

/// The optimizers known by name: NeuroPlastic, its ablation, and the others.
const std::vector<OptimizerEntry>& optimizer_table();

/// The row called `name`. Throws Error listing the known names.
const OptimizerEntry& find_optimizer(std::string_view name);

/// An option that an optimizer has.
struct OptimizerOption {
  /// With underscores: "weight_decay".
  std::string name;
  /// "a number", "true or false", "raw or match_grad_norm".
  std::string values;
  /// As text that set_option() takes.
  std::string default_value;
};

/// Every option of an optimizer that set_option() knows, lr and weight_decay first.
std::vector<OptimizerOption> options_of(const OptimizerEntry& entry);

/// Sets an option from text. Options have the names that `plastic train --help` lists, without
/// "np." for NeuroPlastic's; underscores may stand for dashes: "weight-decay" or "weight_decay".
/// Throws Error for an option that the optimizer does not have (listing those that it has) and a
/// text that is no value of it. Numbers out of range are refused by make_optimizer().
void set_option(OptimizerSettings& settings, std::string_view option, std::string_view value);

/// The optimizer itself, over `parameters`. Throws Error for an unknown name and what the
/// optimizer's constructor refuses.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerSettings& settings,
                                          const std::vector<Tensor>& parameters);
/// The same with several groups, whose settings have one name.
std::unique_ptr<Optimizer> make_optimizer(std::span<const OptimizerGroup> groups);

}  // namespace plastic::optim

#pragma GCC visibility pop
