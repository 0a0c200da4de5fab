#pragma once

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
  /// Coupled for neuroplastic, sgd and adam (unless NeuroPlastic's options say otherwise),
  /// decoupled for adamw.
  double weight_decay = 0.0;
  /// Of sgd alone.
  double momentum = 0.0;
  /// The learning rate is multiplied by this after each epoch.
  double lr_decay = 1.0;
  /// Of neuroplastic and grad-only alone.
  optim::NeuroPlasticOptions plasticity = {};
};

/// neuroplastic, grad-only (NeuroPlastic's ablation without activity and memory), sgd, adam, adamw.
const std::vector<std::string>& optimizer_names();

/// Whether NeuroPlastic's rule is behind `name`.
bool is_neuroplastic(const std::string& name);

/// Settings to start from: with `paper`, those of arXiv 2604.26297,
/// else Plastic's own.
OptimizerSettings default_settings(const std::string& name, bool paper);

/// Numbers by the name of a variant or an optimizer; the empty name stands for all.
using NumbersByOptimizer = std::map<std::string, double>;

/// One of NeuroPlastic's options, in the spelling of optim::set_option.
struct PlasticityOverride {
  std::string option;
  std::string value;
  /// As in NumbersByOptimizer.
  std::string name = {};
};

/// What the command line says explicitly.
struct OptimizerOverrides {
  NumbersByOptimizer lr = {};
  NumbersByOptimizer weight_decay = {};
  NumbersByOptimizer momentum = {};
  NumbersByOptimizer lr_decay = {};
  std::vector<PlasticityOverride> plasticity = {};
};

/// An optimizer under a name of its own: "sgd" and "fast" may both be sgd, with other settings.
struct Variant {
  std::string name;
  /// One of optimizer_names().
  std::string optimizer;
};

/// Throws UsageError for an override that applies to none of `variants`.
void check_overrides(const OptimizerOverrides& overrides, const std::vector<Variant>& variants);

/// default_settings(variant.optimizer, paper) with the overrides that concern the variant: those
/// under its own name go before those under its optimizer's, unless that is the name of another of
/// `variants`, and these before those for all. Throws UsageError for options that contradict each
/// other.
OptimizerSettings resolve_settings(const Variant& variant, const std::vector<Variant>& variants,
                                   bool paper, const OptimizerOverrides& overrides);

/// The settings of an optimizer that is the only one.
OptimizerSettings resolve_settings(const std::string& optimizer, bool paper,
                                   const OptimizerOverrides& overrides);

/// Everything that decides what the optimizer does, name and value, in a fixed order.
std::vector<std::pair<std::string, std::string>> all_settings(const OptimizerSettings& settings);

/// The settings in force, on one line: "lr 0.1, plasticity-scale 2, warmup-epochs 2".
std::string describe(const OptimizerSettings& settings);

/// The optimizer itself, over `parameters`.
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
