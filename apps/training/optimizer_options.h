#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "apps/training/optimizers.h"

namespace plastic::apps {

/// An option that the optimizers have, some or all of them: a row of optimizer_options().
struct OptimizerOption {
  /// As the command line has it, without dashes in front: "weight-decay", "np.min-alpha".
  std::string name;
  std::string help;
  /// For the help: "sgd 0.9".
  std::string defaults;
  bool is_switch = false;
  std::function<bool(const OptimizerEntry&)> applies_to;
  /// Throws UsageError for a text that is no value of the option.
  std::function<void(OptimizerSettings&, const std::string&)> set;
  /// As set() takes it.
  std::function<std::string(const OptimizerSettings&)> get;
  /// Why a value makes no difference beside the other settings: "mode is ablation_grad_only". Empty
  /// where it does make one.
  std::function<std::string(const OptimizerSettings&)> why_idle;

  /// One of NeuroPlastic's.
  bool is_plasticity() const { return name.starts_with("np."); }
};

/// All of them: those that every optimizer has first, NeuroPlastic's last.
const std::vector<OptimizerOption>& optimizer_options();

/// Null for a name that is none of theirs.
const OptimizerOption* find_optimizer_option(const std::string& name);

/// Settings, name and value.
using Settings = std::vector<std::pair<std::string, std::string>>;

/// Everything that decides what the optimizer does, by the options' names, in their order: options
/// that have no effect beside the others are left out.
Settings effective_settings(const OptimizerSettings& settings);

/// Those of `given`, settings by name as config.toml has them, that decide what `optimizer` does or
/// are not an optimizer's options. Values that cannot be understood are kept.
Settings effective_settings(const std::string& optimizer, const Settings& given);

/// The same as a label has them: NeuroPlastic's options without "np.".
Settings with_short_names(const Settings& settings);

/// The settings in force, on one line: "lr 0.1, plasticity-scale 2, warmup-epochs 2".
std::string describe(const OptimizerSettings& settings);

}  // namespace plastic::apps
