#include "apps/optimizers.h"

#include <algorithm>
#include <optional>

#include "apps/values.h"
#include "core/check.h"
#include "plastic/core/error.h"
#include "plastic/optim/adam.h"
#include "plastic/optim/sgd.h"

namespace plastic::apps {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void check_named(const char* option, const NumbersByOptimizer& numbers,
                 const std::vector<std::string>& optimizers) {
  for (const auto& [name, value] : numbers) {
    if (!name.empty() && !contains(optimizers, name)) {
      throw UsageError(std::string(option) + ": " + name + " is not in use here, only " +
                       join(optimizers));
    }
  }
}

// The number for `name` itself goes before the one for all.
void apply(const NumbersByOptimizer& numbers, const std::string& name, double& setting) {
  for (const std::string& key : {name, std::string()}) {
    if (const auto found = numbers.find(key); found != numbers.end()) {
      setting = found->second;
      return;
    }
  }
}

// Which of NeuroPlastic's options differ from the library's defaults.
std::vector<std::string> differing_options(const optim::NeuroPlasticOptions& options) {
  std::vector<std::string> differing;
  for (const optim::NeuroPlasticOption& option : optim::neuroplastic_option_table()) {
    const std::string value = option.get(options);
    if (value != option.default_value) differing.push_back(dashed(option.name) + " " + value);
  }
  return differing;
}

}  // namespace

const std::vector<std::string>& optimizer_names() {
  static const std::vector<std::string> names = {"neuroplastic", "grad-only", "sgd", "adam",
                                                 "adamw"};
  return names;
}

bool is_neuroplastic(const std::string& name) {
  return name == "neuroplastic" || name == "grad-only";
}

OptimizerSettings default_settings(const std::string& name, bool paper) {
  OptimizerSettings settings{.name = name};
  if (name == "neuroplastic") {
    settings.lr = 0.1;
    if (paper) {
      settings.plasticity.plasticity_scale = 2.0;
      settings.plasticity.warmup_epochs = 2;
    }
  } else if (name == "grad-only") {
    settings.lr = 0.1;
    settings.plasticity.mode = optim::NeuroPlasticMode::ablation_grad_only;
    if (paper) {
      settings.plasticity.min_alpha = 0.5;
      settings.plasticity.max_alpha = 1.5;
    }
  } else if (name == "sgd") {
    settings.lr = 0.01;
    settings.momentum = 0.9;
  } else if (name == "adam") {
    settings.lr = 1e-3;
  } else if (name == "adamw") {
    settings.lr = 1e-3;
    settings.weight_decay = 0.01;
    if (paper) settings.lr_decay = 0.97;
  } else {
    fail("optimizer", "unknown name ", name, "; known are ", join(optimizer_names()));
  }
  return settings;
}

void check_overrides(const OptimizerOverrides& overrides,
                     const std::vector<std::string>& optimizers) {
  check_named("--lr", overrides.lr, optimizers);
  check_named("--weight-decay", overrides.weight_decay, optimizers);
  check_named("--momentum", overrides.momentum, optimizers);
  check_named("--lr-decay", overrides.lr_decay, optimizers);
  if (!overrides.momentum.empty() && !contains(optimizers, "sgd")) {
    throw UsageError("--momentum: only sgd has it, not " + join(optimizers));
  }
  for (const auto& [name, value] : overrides.plasticity) {
    const std::string option = "--np." + dashed(name);
    if (std::none_of(optimizers.begin(), optimizers.end(), is_neuroplastic)) {
      throw UsageError(option + ": only neuroplastic and grad-only have it, not " +
                       join(optimizers));
    }
    if (name == "mode" && !contains(optimizers, "neuroplastic")) {
      throw UsageError(option + ": grad-only is a mode itself; use --optimizer neuroplastic");
    }
  }
}

OptimizerSettings resolve_settings(const std::string& name, bool paper,
                                   const OptimizerOverrides& overrides) {
  OptimizerSettings settings = default_settings(name, paper);
  apply(overrides.lr, name, settings.lr);
  apply(overrides.weight_decay, name, settings.weight_decay);
  apply(overrides.lr_decay, name, settings.lr_decay);
  if (name == "sgd") apply(overrides.momentum, name, settings.momentum);
  if (!is_neuroplastic(name)) return settings;
  for (const auto& [option, value] : overrides.plasticity) {
    // The mode is what makes grad-only grad-only.
    if (name == "grad-only" && option == "mode") continue;
    optim::set_option(settings.plasticity, option, value);
  }
  settings.plasticity.lr = settings.lr;
  settings.plasticity.weight_decay = settings.weight_decay;
  try {
    optim::validate(settings.plasticity);
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  return settings;
}

std::string describe(const OptimizerSettings& settings) {
  std::vector<std::string> parts = {"lr " + brief(settings.lr)};
  if (settings.lr_decay != 1.0) parts.push_back("lr x " + brief(settings.lr_decay) + " an epoch");
  if (settings.name == "sgd") parts.push_back("momentum " + brief(settings.momentum));
  parts.push_back("weight decay " + brief(settings.weight_decay));
  if (is_neuroplastic(settings.name)) {
    const std::vector<std::string> options = differing_options(settings.plasticity);
    parts.insert(parts.end(), options.begin(), options.end());
  }
  return join(parts);
}

std::unique_ptr<optim::Optimizer> make_optimizer(const OptimizerSettings& settings,
                                                 const std::vector<Tensor>& parameters) {
  if (is_neuroplastic(settings.name)) {
    return std::make_unique<optim::NeuroPlastic>(parameters, settings.plasticity);
  }
  if (settings.name == "sgd") {
    return std::make_unique<optim::Sgd>(parameters,
                                        optim::SgdOptions{.lr = settings.lr,
                                                          .momentum = settings.momentum,
                                                          .weight_decay = settings.weight_decay});
  }
  if (settings.name == "adamw") {
    return std::make_unique<optim::AdamW>(
        parameters, optim::AdamWOptions{.lr = settings.lr, .weight_decay = settings.weight_decay});
  }
  return std::make_unique<optim::Adam>(
      parameters, optim::AdamOptions{.lr = settings.lr, .weight_decay = settings.weight_decay});
}

Diagnostics last_diagnostics(const optim::Optimizer& optimizer) {
  const auto* neuroplastic = dynamic_cast<const optim::NeuroPlastic*>(&optimizer);
  if (neuroplastic == nullptr) return {};
  const std::optional<optim::NeuroPlasticDiagnostics> found = neuroplastic->diagnostics();
  if (!found) return {};
  const optim::NeuroPlasticDiagnostics& step = *found;
  return {{"alpha_mean", step.alpha_mean},
          {"alpha_std", step.alpha_std},
          {"alpha_min", step.alpha_min},
          {"alpha_max", step.alpha_max},
          {"alpha_median", step.alpha_median},
          {"alpha_fraction_near_min", step.alpha_fraction_near_min},
          {"alpha_fraction_near_max", step.alpha_fraction_near_max},
          {"raw_gradient_norm", step.raw_gradient_norm},
          {"parameter_norm", step.parameter_norm},
          {"raw_update_norm", step.raw_update_norm},
          {"effective_update_norm", step.effective_update_norm},
          {"plasticity_delta_norm", step.plasticity_delta_norm}};
}

}  // namespace plastic::apps
