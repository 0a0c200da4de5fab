#include "apps/training/optimizers.h"

#include <algorithm>
#include <optional>

#include "apps/cli/values.h"
#include "core/check.h"
#include "plastic/optim/adam.h"
#include "plastic/optim/lion.h"
#include "plastic/optim/sgd.h"

namespace plastic::apps {
namespace {

using Parameters = std::vector<Tensor>;

std::unique_ptr<optim::Optimizer> make_neuroplastic(const OptimizerSettings& settings,
                                                    const Parameters& parameters) {
  optim::NeuroPlasticOptions options = settings.plasticity;
  options.lr = settings.lr;
  options.weight_decay = settings.weight_decay;
  return std::make_unique<optim::NeuroPlastic>(parameters, options);
}

std::vector<OptimizerEntry> make_table() {
  optim::NeuroPlasticOptions grad_only;
  grad_only.mode = optim::NeuroPlasticMode::ablation_grad_only;
  return {
      {.name = "neuroplastic",
       .defaults = {.name = "neuroplastic", .lr = 0.1},
       .has_plasticity = true,
       .apply_paper =
           [](OptimizerSettings& settings) {
             settings.plasticity.plasticity_scale = 2.0;
             settings.plasticity.warmup_epochs = 2;
           },
       .make = make_neuroplastic},
      {.name = "grad-only",
       .defaults = {.name = "grad-only", .lr = 0.1, .plasticity = grad_only},
       .has_plasticity = true,
       .fixed_option = "mode",
       .apply_paper =
           [](OptimizerSettings& settings) {
             settings.plasticity.min_alpha = 0.5;
             settings.plasticity.max_alpha = 1.5;
           },
       .make = make_neuroplastic},
      {.name = "sgd",
       .defaults = {.name = "sgd", .lr = 0.01, .numbers = {{"momentum", 0.9}}},
       .make =
           [](const OptimizerSettings& settings, const Parameters& parameters) {
             return std::make_unique<optim::Sgd>(
                 parameters, optim::SgdOptions{.lr = settings.lr,
                                               .momentum = settings.number("momentum"),
                                               .weight_decay = settings.weight_decay});
           }},
      {.name = "adam",
       .defaults = {.name = "adam", .lr = 1e-3},
       .make =
           [](const OptimizerSettings& settings, const Parameters& parameters) {
             return std::make_unique<optim::Adam>(
                 parameters,
                 optim::AdamOptions{.lr = settings.lr, .weight_decay = settings.weight_decay});
           }},
      {.name = "adamw",
       .defaults = {.name = "adamw", .lr = 1e-3, .weight_decay = 0.01},
       .apply_paper = [](OptimizerSettings& settings) { settings.lr_decay = 0.97; },
       .make =
           [](const OptimizerSettings& settings, const Parameters& parameters) {
             return std::make_unique<optim::AdamW>(
                 parameters,
                 optim::AdamWOptions{.lr = settings.lr, .weight_decay = settings.weight_decay});
           }},
      {.name = "lion",
       .defaults = {.name = "lion", .lr = 1e-4, .numbers = {{"beta1", 0.9}, {"beta2", 0.99}}},
       .make =
           [](const OptimizerSettings& settings, const Parameters& parameters) {
             return std::make_unique<optim::Lion>(
                 parameters, optim::LionOptions{.lr = settings.lr,
                                                .beta1 = settings.number("beta1"),
                                                .beta2 = settings.number("beta2"),
                                                .weight_decay = settings.weight_decay});
           }},
  };
}

}  // namespace

double OptimizerSettings::number(const std::string& option) const {
  const auto found = numbers.find(option);
  if (found == numbers.end()) fail("optimizer", name, " has no option ", option);
  return found->second;
}

const std::vector<OptimizerEntry>& optimizer_table() {
  static const std::vector<OptimizerEntry> table = make_table();
  return table;
}

const OptimizerEntry& find_optimizer(const std::string& name) {
  const auto found = std::ranges::find(optimizer_table(), name, &OptimizerEntry::name);
  if (found == optimizer_table().end()) {
    fail("optimizer", "unknown name ", name, "; known are ", join(optimizer_names()));
  }
  return *found;
}

const std::vector<std::string>& optimizer_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const OptimizerEntry& entry : optimizer_table()) all.push_back(entry.name);
    return all;
  }();
  return names;
}

bool is_neuroplastic(const std::string& name) { return find_optimizer(name).has_plasticity; }

OptimizerSettings default_settings(const std::string& name, bool paper) {
  const OptimizerEntry& entry = find_optimizer(name);
  OptimizerSettings settings = entry.defaults;
  if (paper && entry.apply_paper) entry.apply_paper(settings);
  return settings;
}

std::unique_ptr<optim::Optimizer> make_optimizer(const OptimizerSettings& settings,
                                                 const std::vector<Tensor>& parameters) {
  return find_optimizer(settings.name).make(settings, parameters);
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
