#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plastic/core/tensor.h"
#include "plastic/optim/neuroplastic.h"
#include "plastic/optim/optimizer.h"

namespace plastic::apps {

/// An optimizer of the command line with everything that decides what it does.
struct OptimizerSettings {
  /// One of optimizer_names().
  std::string name = "neuroplastic";
  double lr = 0.0;
  /// Coupled or decoupled, as the help of the option says (and NeuroPlastic's options).
  double weight_decay = 0.0;
  /// The learning rate is multiplied by this after each epoch.
  double lr_decay = 1.0;
  /// What only some optimizers have, by the name of the option: {"momentum", 0.9}.
  std::map<std::string, double> numbers = {};
  /// The same for what is on or off: {"nesterov", false}.
  std::map<std::string, bool> switches = {};
  /// Radius of sharpness-aware minimisation over the optimizer; 0 for none. And whether it is
  /// adaptive.
  double sam = 0.0;
  bool sam_adaptive = false;
  /// NeuroPlastic's options, for the optimizers that have them.
  optim::NeuroPlasticOptions plasticity = {};

  /// Throws Error for a number that the optimizer does not have.
  double number(const std::string& option) const;
  /// Throws Error for a switch that the optimizer does not have.
  bool is_on(const std::string& option) const;
};

/// One optimizer of the program: a row of optimizer_table().
struct OptimizerEntry {
  std::string name;
  /// Plastic's own defaults. The options in `numbers` and `switches` are those that the optimizer
  /// has besides the ones that all have.
  OptimizerSettings defaults;
  /// Whether it has NeuroPlastic's options.
  bool has_plasticity = false;
  /// One of NeuroPlastic's options that makes the optimizer what it is and cannot be given.
  std::string fixed_option = {};
  /// Changes the defaults to the settings of arXiv 2604.26297, where those differ.
  std::function<void(OptimizerSettings&)> apply_paper = {};
  std::function<std::unique_ptr<optim::Optimizer>(const OptimizerSettings&,
                                                  const std::vector<Tensor>& parameters)>
      make;
};

/// Every optimizer of the program, in the order in which help lists them.
const std::vector<OptimizerEntry>& optimizer_table();

/// The row called `name`. Throws Error with the known names.
const OptimizerEntry& find_optimizer(const std::string& name);

/// The names in optimizer_table().
const std::vector<std::string>& optimizer_names();

/// Whether `name` has NeuroPlastic's options.
bool is_neuroplastic(const std::string& name);

/// Settings to start from: with `paper`, those of arXiv 2604.26297, else Plastic's own. Throws
/// Error for an unknown name.
OptimizerSettings default_settings(const std::string& name, bool paper);

/// The optimizer itself, over `parameters`, in an optim::Sam where the settings say so. Throws
/// Error for an unknown name.
std::unique_ptr<optim::Optimizer> make_optimizer(const OptimizerSettings& settings,
                                                 const std::vector<Tensor>& parameters);

/// Quantities by name, in a fixed order.
using Diagnostics = std::vector<std::pair<std::string, double>>;

/// NeuroPlastic's diagnostics of the last step under optim::NeuroPlasticDiagnostics' names; empty
/// where they are off or the optimizer is another.
Diagnostics last_diagnostics(const optim::Optimizer& optimizer);

/// The same names, with values that mean nothing.
Diagnostics diagnostic_names();

}  // namespace plastic::apps
