#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plastic/core/tensor.h"
#include "plastic/optim/neuroplastic.h"
#include "plastic/optim/optimizer.h"
#include "plastic/optim/optimizer_table.h"

namespace plastic::apps {

/// An optimizer of the command line with everything that decides what it does.
struct OptimizerSettings : optim::OptimizerSettings {
  /// The learning rate is multiplied by this after each epoch.
  double lr_decay = 1.0;
  /// Radius of sharpness-aware minimisation over the optimizer; 0 for none. And whether it is
  /// adaptive.
  double sam = 0.0;
  bool sam_adaptive = false;
};

/// One optimizer of the program: a row of optimizer_table().
struct OptimizerEntry {
  std::string name;
  /// Plastic's own defaults, with the options that the optimizer has.
  OptimizerSettings defaults;
  /// Whether it has NeuroPlastic's options.
  bool has_plasticity = false;
  /// One of NeuroPlastic's options that makes the optimizer what it is and cannot be given.
  std::string fixed_option = {};
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
