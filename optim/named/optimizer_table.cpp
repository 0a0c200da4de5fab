#include "plastic/optim/optimizer_table.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "core/check.h"
#include "core/threads/made_once.h"
#include "optim/named/maker.h"
#include "optim/named/matrix_rows.h"
#include "optim/named/whole_number.h"
#include "plastic/optim/adam.h"
#include "plastic/optim/lion.h"
#include "plastic/optim/nadam.h"
#include "plastic/optim/radam.h"
#include "plastic/optim/rmsprop.h"
#include "plastic/optim/schedule_free.h"
#include "plastic/optim/sgd.h"

namespace plastic::optim {
namespace {

NeuroPlasticOptions neuroplastic_options(const OptimizerSettings& settings) {
  NeuroPlasticOptions options = settings.plasticity;
  options.lr = settings.lr;
  options.weight_decay = settings.weight_decay;
  return options;
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
  return whole_number(settings, "warmup-steps");
}

std::vector<OptimizerEntry> make_table() {
  NeuroPlasticOptions grad_only;
  grad_only.mode = NeuroPlasticMode::ablation_grad_only;
  return {
      {.name = "neuroplastic",
       .defaults = {.name = "neuroplastic", .lr = 0.1},
       .has_plasticity = true,
       .make = maker<NeuroPlastic, NeuroPlasticGroup>(neuroplastic_options)},
      {.name = "grad-only",
       .defaults = {.name = "grad-only", .lr = 0.1, .plasticity = grad_only},
       .has_plasticity = true,
       .fixed_option = "mode",
       .make = maker<NeuroPlastic, NeuroPlasticGroup>(neuroplastic_options)},
      {.name = "sgd",
       .defaults = {.name = "sgd",
                    .lr = 0.01,
                    .numbers = {{"momentum", 0.9}, {"dampening", 0.0}},
                    .switches = {{"nesterov", false}}},
       .make = maker<Sgd, SgdGroup>([](const OptimizerSettings& settings) {
         return SgdOptions{.lr = settings.lr,
                           .momentum = settings.number("momentum"),
                           .dampening = settings.number("dampening"),
                           .nesterov = settings.is_on("nesterov"),
                           .weight_decay = settings.weight_decay};
       })},
      {.name = "adam",
       .defaults = {.name = "adam", .lr = 1e-3, .numbers = adam_numbers()},
       .make = maker<Adam, AdamGroup>(adam_options<AdamOptions>)},
      {.name = "adamw",
       .defaults = {.name = "adamw", .lr = 1e-3, .weight_decay = 0.01, .numbers = adam_numbers()},
       .make = maker<AdamW, AdamWGroup>(adam_options<AdamWOptions>)},
      {.name = "lion",
       .defaults = {.name = "lion", .lr = 1e-4, .numbers = {{"beta1", 0.9}, {"beta2", 0.99}}},
       .make = maker<Lion, LionGroup>([](const OptimizerSettings& settings) {
         return LionOptions{.lr = settings.lr,
                            .beta1 = settings.number("beta1"),
                            .beta2 = settings.number("beta2"),
                            .weight_decay = settings.weight_decay};
       })},
      {.name = "nadam",
       .defaults =
           {.name = "nadam",
            .lr = 2e-3,
            .numbers = {{"beta1", 0.9}, {"beta2", 0.999}, {"eps", 1e-8}, {"momentum-decay", 4e-3}},
            .switches = {{"decoupled-weight-decay", false}}},
       .make = maker<NAdam, NAdamGroup>([](const OptimizerSettings& settings) {
         auto options = adam_options<NAdamOptions>(settings);
         options.momentum_decay = settings.number("momentum-decay");
         return options;
       })},
      {.name = "radam",
       .defaults = {.name = "radam",
                    .lr = 1e-3,
                    .numbers = adam_numbers(),
                    .switches = {{"decoupled-weight-decay", false}}},
       .make = maker<RAdam, RAdamGroup>(adam_options<RAdamOptions>)},
      {.name = "rmsprop",
       .defaults = {.name = "rmsprop",
                    .lr = 1e-3,
                    .numbers = {{"momentum", 0.0}, {"alpha", 0.99}, {"eps", 1e-8}},
                    .switches = {{"centered", false}}},
       .make = maker<RmsProp, RmsPropGroup>([](const OptimizerSettings& settings) {
         return RmsPropOptions{.lr = settings.lr,
                               .alpha = settings.number("alpha"),
                               .eps = settings.number("eps"),
                               .weight_decay = settings.weight_decay,
                               .momentum = settings.number("momentum"),
                               .centered = settings.is_on("centered")};
       })},
      {.name = "schedule-free-sgd",
       .defaults = {.name = "schedule-free-sgd",
                    .lr = 1.0,
                    .numbers = {{"momentum", 0.9},
                                {"average-power", 0.0},
                                {"average-lr-power", 2.0},
                                {"warmup-steps", 0.0}}},
       .make = maker<ScheduleFreeSgd, ScheduleFreeSgdGroup>([](const OptimizerSettings& settings) {
         return ScheduleFreeSgdOptions{.lr = settings.lr,
                                       .momentum = settings.number("momentum"),
                                       .weight_decay = settings.weight_decay,
                                       .warmup_steps = warmup_steps(settings),
                                       .r = settings.number("average-power"),
                                       .weight_lr_power = settings.number("average-lr-power")};
       })},
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
           maker<ScheduleFreeAdamW, ScheduleFreeAdamWGroup>([](const OptimizerSettings& settings) {
             auto options = adam_options<ScheduleFreeAdamWOptions>(settings);
             options.warmup_steps = warmup_steps(settings);
             options.r = settings.number("average-power");
             options.weight_lr_power = settings.number("average-lr-power");
             return options;
           })},
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
  static constinit std::atomic<const std::vector<OptimizerEntry>*> table{nullptr};
  return made_once(table, [] {
    std::vector<OptimizerEntry> all = make_table();
    for (OptimizerEntry& entry : matrix_rows()) all.push_back(std::move(entry));
    return all;
  });
}

const OptimizerEntry& find_optimizer(std::string_view name) {
  const auto found = std::ranges::find(optimizer_table(), name, &OptimizerEntry::name);
  if (found != optimizer_table().end()) return *found;
  std::string known;
  for (const OptimizerEntry& entry : optimizer_table()) {
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  fail("optimizer", "unknown name ", name, "; known are ", known);
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerSettings& settings,
                                          const std::vector<Tensor>& parameters) {
  return make_optimizer(std::array{OptimizerGroup{settings, parameters}});
}

std::unique_ptr<Optimizer> make_optimizer(std::span<const OptimizerGroup> groups) {
  if (groups.empty()) fail("optimizer", "no parameter groups; give at least one");
  const std::string& name = groups.front().settings.name;
  for (const OptimizerGroup& group : groups) {
    if (group.settings.name == name) continue;
    fail("optimizer", "groups of ", name, " and of ", group.settings.name,
         "; make an optimizer for each");
  }
  return find_optimizer(name).make(groups);
}

}  // namespace plastic::optim
