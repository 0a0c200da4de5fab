#include "apps/training/optimizers.h"

#include <algorithm>
#include <optional>

#include "apps/cli/values.h"
#include "core/check.h"
#include "plastic/core/error.h"
#include "plastic/optim/adam.h"
#include "plastic/optim/sgd.h"

namespace plastic::apps {
namespace {

bool is_sgd(const std::string& optimizer) { return optimizer == "sgd"; }

std::string names_of(const std::vector<Variant>& variants) {
  std::vector<std::string> names;
  for (const Variant& variant : variants) names.push_back(variant.name);
  return join(names);
}

// Whether a setting under `name` is one of `variant`'s, or would be if nothing closer was said.
bool concerns(const std::string& name, const Variant& variant,
              const std::vector<Variant>& variants) {
  if (name.empty() || name == variant.name) return true;
  return name == variant.optimizer &&
         std::ranges::find(variants, name, &Variant::name) == variants.end();
}

// The names under which the settings of `variant` may stand, the closest first.
std::vector<std::string> keys_of(const Variant& variant, const std::vector<Variant>& variants) {
  std::vector<std::string> keys = {variant.name};
  if (variant.optimizer != variant.name && concerns(variant.optimizer, variant, variants)) {
    keys.push_back(variant.optimizer);
  }
  keys.push_back("");
  return keys;
}

// Throws unless a setting under `name` concerns one of the variants, whose optimizer `takes` it.
template <class Takes>
void check_name(const std::string& option, const std::string& name,
                const std::vector<Variant>& variants, Takes takes, const char* takers) {
  bool is_in_use = false;
  bool is_taken = false;
  for (const Variant& variant : variants) {
    if (!concerns(name, variant, variants)) continue;
    is_in_use = true;
    is_taken = is_taken || takes(variant.optimizer);
  }
  if (!is_in_use) {
    throw UsageError(option + ": " + name + " is not in use here, only " + names_of(variants));
  }
  if (!is_taken) {
    throw UsageError(option + ": only " + takers + ", not " +
                     (name.empty() ? names_of(variants) : name));
  }
}

void check_named(const char* option, const NumbersByOptimizer& numbers,
                 const std::vector<Variant>& variants) {
  const auto all_take = [](const std::string&) { return true; };
  for (const auto& [name, value] : numbers) check_name(option, name, variants, all_take, "");
}

// The first of `keys` goes before the others.
void apply(const NumbersByOptimizer& numbers, const std::vector<std::string>& keys,
           double& setting) {
  for (const std::string& key : keys) {
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

void check_overrides(const OptimizerOverrides& overrides, const std::vector<Variant>& variants) {
  check_named("--lr", overrides.lr, variants);
  check_named("--weight-decay", overrides.weight_decay, variants);
  check_named("--lr-decay", overrides.lr_decay, variants);
  for (const auto& [name, value] : overrides.momentum) {
    check_name("--momentum", name, variants, is_sgd, "sgd has it");
  }
  const auto has_mode = [](const std::string& optimizer) { return optimizer == "neuroplastic"; };
  for (const PlasticityOverride& given : overrides.plasticity) {
    const std::string option = "--np." + dashed(given.option);
    check_name(option, given.name, variants, is_neuroplastic, "neuroplastic and grad-only have it");
    if (given.option != "mode") continue;
    check_name(option, given.name, variants, has_mode,
               "neuroplastic has it (grad-only is a mode itself; use --optimizer neuroplastic)");
  }
}

OptimizerSettings resolve_settings(const Variant& variant, const std::vector<Variant>& variants,
                                   bool paper, const OptimizerOverrides& overrides) {
  OptimizerSettings settings = default_settings(variant.optimizer, paper);
  const std::vector<std::string> keys = keys_of(variant, variants);
  apply(overrides.lr, keys, settings.lr);
  apply(overrides.weight_decay, keys, settings.weight_decay);
  apply(overrides.lr_decay, keys, settings.lr_decay);
  if (is_sgd(variant.optimizer)) apply(overrides.momentum, keys, settings.momentum);
  if (!is_neuroplastic(variant.optimizer)) return settings;
  // From all to its own, so that the closest comes last.
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
    for (const PlasticityOverride& given : overrides.plasticity) {
      // The mode is what makes grad-only grad-only.
      if (variant.optimizer == "grad-only" && given.option == "mode") continue;
      if (given.name == *key) optim::set_option(settings.plasticity, given.option, given.value);
    }
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

OptimizerSettings resolve_settings(const std::string& optimizer, bool paper,
                                   const OptimizerOverrides& overrides) {
  const Variant variant{.name = optimizer, .optimizer = optimizer};
  return resolve_settings(variant, {variant}, paper, overrides);
}

std::vector<std::pair<std::string, std::string>> all_settings(const OptimizerSettings& settings) {
  std::vector<std::pair<std::string, std::string>> all = {
      {"lr", exact(settings.lr)},
      {"weight-decay", exact(settings.weight_decay)},
      {"lr-decay", exact(settings.lr_decay)}};
  if (is_sgd(settings.name)) all.emplace_back("momentum", exact(settings.momentum));
  if (!is_neuroplastic(settings.name)) return all;
  for (const optim::NeuroPlasticOption& option : optim::neuroplastic_option_table()) {
    all.emplace_back(dashed(option.name), option.get(settings.plasticity));
  }
  return all;
}

std::string describe(const OptimizerSettings& settings) {
  std::vector<std::string> parts = {"lr " + brief(settings.lr)};
  if (settings.lr_decay != 1.0) parts.push_back("lr x " + brief(settings.lr_decay) + " an epoch");
  if (is_sgd(settings.name)) parts.push_back("momentum " + brief(settings.momentum));
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
  if (is_sgd(settings.name)) {
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
  Diagnostics out;
  for (const auto& [name, value] : optimizer.diagnostics()) out.emplace_back(name, value);
  return out;
}

Diagnostics diagnostic_names() {
  Diagnostics out;
  for (const optim::NeuroPlasticDiagnostic& row : optim::neuroplastic_diagnostic_table()) {
    out.emplace_back(row.name, 0);
  }
  return out;
}

}  // namespace plastic::apps
