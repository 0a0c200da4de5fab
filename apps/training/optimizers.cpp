#include "apps/training/optimizers.h"

#include <algorithm>
#include <optional>

#include "apps/cli/values.h"
#include "apps/training/matrix_optimizers.h"
#include "core/check.h"
#include "plastic/optim/adam.h"
#include "plastic/optim/lion.h"
#include "plastic/optim/nadam.h"
#include "plastic/optim/radam.h"
#include "plastic/optim/rmsprop.h"
#include "plastic/optim/sam.h"
#include "plastic/optim/schedule_free.h"
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

/// The numbers that the family of Adam has.
std::map<std::string, double> adam_numbers() {
  return {{"beta1", 0.9}, {"beta2", 0.999}, {"eps", 1e-8}};
}

/// The options that they are.
template <class Options>
Options adam_options(const OptimizerSettings& settings) {
  Options options;
  options.lr = settings.lr;
  options.beta1 = settings.number("beta1");
  options.beta2 = settings.number("beta2");
  options.eps = settings.number("eps");
  options.weight_decay = settings.weight_decay;
  if constexpr (requires { options.decoupled_weight_decay; }) {
    options.decoupled_weight_decay = settings.is_on("decoupled-weight-decay");
  }
  return options;
}

std::int64_t warmup_steps(const OptimizerSettings& settings) {
  return static_cast<std::int64_t>(settings.number("warmup-steps"));
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
       .defaults = {.name = "sgd",
                    .lr = 0.01,
                    .numbers = {{"momentum", 0.9}, {"dampening", 0.0}},
                    .switches = {{"nesterov", false}}},
       .make =
           [](const OptimizerSettings& settings, const Parameters& parameters) {
             return std::make_unique<optim::Sgd>(
                 parameters, optim::SgdOptions{.lr = settings.lr,
                                               .momentum = settings.number("momentum"),
                                               .dampening = settings.number("dampening"),
                                               .nesterov = settings.is_on("nesterov"),
                                               .weight_decay = settings.weight_decay});
           }},
      {.name = "adam",
       .defaults = {.name = "adam", .lr = 1e-3, .numbers = adam_numbers()},
       .make =
           [](const OptimizerSettings& settings, const Parameters& parameters) {
             return std::make_unique<optim::Adam>(parameters,
                                                  adam_options<optim::AdamOptions>(settings));
           }},
      {.name = "adamw",
       .defaults = {.name = "adamw", .lr = 1e-3, .weight_decay = 0.01, .numbers = adam_numbers()},
       .apply_paper = [](OptimizerSettings& settings) { settings.lr_decay = 0.97; },
       .make =
           [](const OptimizerSettings& settings, const Parameters& parameters) {
             return std::make_unique<optim::AdamW>(parameters,
                                                   adam_options<optim::AdamWOptions>(settings));
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
      {.name = "nadam",
       .defaults =
           {.name = "nadam",
            .lr = 2e-3,
            .numbers = {{"beta1", 0.9}, {"beta2", 0.999}, {"eps", 1e-8}, {"momentum-decay", 4e-3}},
            .switches = {{"decoupled-weight-decay", false}}},
       .make =
           [](const OptimizerSettings& settings, const Parameters& parameters) {
             auto options = adam_options<optim::NAdamOptions>(settings);
             options.momentum_decay = settings.number("momentum-decay");
             return std::make_unique<optim::NAdam>(parameters, options);
           }},
      {.name = "radam",
       .defaults = {.name = "radam",
                    .lr = 1e-3,
                    .numbers = adam_numbers(),
                    .switches = {{"decoupled-weight-decay", false}}},
       .make =
           [](const OptimizerSettings& settings, const Parameters& parameters) {
             return std::make_unique<optim::RAdam>(parameters,
                                                   adam_options<optim::RAdamOptions>(settings));
           }},
      {.name = "rmsprop",
       .defaults = {.name = "rmsprop",
                    .lr = 1e-3,
                    .numbers = {{"momentum", 0.0}, {"alpha", 0.99}, {"eps", 1e-8}},
                    .switches = {{"centered", false}}},
       .make =
           [](const OptimizerSettings& settings, const Parameters& parameters) {
             return std::make_unique<optim::RmsProp>(
                 parameters, optim::RmsPropOptions{.lr = settings.lr,
                                                   .alpha = settings.number("alpha"),
                                                   .eps = settings.number("eps"),
                                                   .weight_decay = settings.weight_decay,
                                                   .momentum = settings.number("momentum"),
                                                   .centered = settings.is_on("centered")});
           }},
      {.name = "schedule-free-sgd",
       .defaults = {.name = "schedule-free-sgd",
                    .lr = 1.0,
                    .numbers = {{"momentum", 0.9},
                                {"average-power", 0.0},
                                {"average-lr-power", 2.0},
                                {"warmup-steps", 0.0}}},
       .make =
           [](const OptimizerSettings& settings, const Parameters& parameters) {
             return std::make_unique<optim::ScheduleFreeSgd>(
                 parameters, optim::ScheduleFreeSgdOptions{
                                 .lr = settings.lr,
                                 .momentum = settings.number("momentum"),
                                 .weight_decay = settings.weight_decay,
                                 .warmup_steps = warmup_steps(settings),
                                 .r = settings.number("average-power"),
                                 .weight_lr_power = settings.number("average-lr-power")});
           }},
      {.name = "schedule-free-adamw",
       .defaults = {.name = "schedule-free-adamw",
                    .lr = 2.5e-3,
                    .numbers = {{"beta1", 0.9},
                                {"beta2", 0.999},
                                {"eps", 1e-8},
                                {"average-power", 0.0},
                                {"average-lr-power", 2.0},
                                {"warmup-steps", 0.0}}},
       .make =
           [](const OptimizerSettings& settings, const Parameters& parameters) {
             auto options = adam_options<optim::ScheduleFreeAdamWOptions>(settings);
             options.warmup_steps = warmup_steps(settings);
             options.r = settings.number("average-power");
             options.weight_lr_power = settings.number("average-lr-power");
             return std::make_unique<optim::ScheduleFreeAdamW>(parameters, options);
           }},
  };
}

}  // namespace

double OptimizerSettings::number(const std::string& option) const {
  const auto found = numbers.find(option);
  if (found == numbers.end()) fail("optimizer", name, " has no option ", option);
  return found->second;
}

bool OptimizerSettings::is_on(const std::string& option) const {
  const auto found = switches.find(option);
  if (found == switches.end()) fail("optimizer", name, " has no option ", option);
  return found->second;
}

const std::vector<OptimizerEntry>& optimizer_table() {
  static const std::vector<OptimizerEntry> table = [] {
    std::vector<OptimizerEntry> all = make_table();
    for (OptimizerEntry& entry : matrix_optimizers()) all.push_back(std::move(entry));
    return all;
  }();
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
  std::unique_ptr<optim::Optimizer> optimizer =
      find_optimizer(settings.name).make(settings, parameters);
  if (settings.sam == 0) return optimizer;
  return std::make_unique<optim::Sam>(
      std::move(optimizer),
      optim::SamOptions{.rho = settings.sam, .adaptive = settings.sam_adaptive});
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
