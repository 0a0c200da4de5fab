#include "plastic/optim/neuroplastic.h"

#include <doctest/doctest.h>

#include "plastic/core/device.h"
#include "tests/optim/helpers.h"
#include "tests/support/thread_count.h"

using namespace plastic;
using namespace plastic::test;
using optim::NeuroPlastic;
using optim::NeuroPlasticOptions;

namespace {

std::vector<std::vector<float>> trained(int threads, const NeuroPlasticOptions& options) {
  const test::ThreadCount count(threads);
  std::vector<Tensor> parameters{parameter({400, 431}, 1), parameter({401}, 2),
                                 parameter({100, 301}, 3), parameter({7}, 4)};
  NeuroPlastic optimizer(parameters, options);
  for (int i = 1; i < 4; ++i) {
    optimizer.set_epoch(i, 3);
    set_gradients(parameters, i);
    optimizer.step();
  }
  return values_of(parameters);
}

}  // namespace

TEST_CASE("optim.neuroplastic.same_bits_for_any_number_of_threads") {
  std::vector<NeuroPlasticOptions> variants(6, {.lr = 0.1});
  variants[1].weight_decay = 0.1;
  variants[2].bounded_residual = true;
  variants[3].orthogonal_residual = true;
  variants[4].hybrid_base = optim::HybridBase::adamw;
  variants[5].lr_controller_mode = optim::LrControllerMode::global;
  for (const NeuroPlasticOptions& options : variants) {
    const auto one = trained(1, options);
    CHECK(one == trained(2, options));
    CHECK(one == trained(4, options));
  }
}

TEST_CASE("optim.neuroplastic.option_table") {
  NeuroPlasticOptions options;
  for (const optim::NeuroPlasticOption& option : optim::neuroplastic_option_table()) {
    INFO(std::string(option.name));
    CHECK(option.get(options) == option.default_value);
    CHECK(!option.description.empty());
    CHECK(!option.values.empty());
    option.set(options, option.default_value);
    CHECK(option.get(options) == option.default_value);
    const std::string message = error_of([&] { option.set(options, "nonsense"); });
    CHECK(contains(message, std::string(option.name)));
    CHECK(contains(message, option.values));
  }
  optim::set_option(options, "modulation_target", "trust_ratio");
  CHECK(options.modulation_target == optim::ModulationTarget::trust_ratio);
  optim::set_option(options, "parameterwise", "false");
  CHECK(!options.parameterwise);
  optim::set_option(options, "warmup_epochs", "3");
  CHECK(options.warmup_epochs == 3);
  optim::set_option(options, "eps", "1e-7");
  CHECK(options.eps == 1e-7);
  CHECK(contains(error_of([&] { optim::set_option(options, "epsilon", "1"); }),
                 "no option \"epsilon\""));
}

TEST_CASE("optim.neuroplastic.refuses_options") {
  const std::vector<Tensor> one{parameter({3}, 1)};
  const auto refuses = [&](const char* part, const NeuroPlasticOptions& options) {
    const std::string message = error_of([&] { NeuroPlastic optimizer(one, options); });
    INFO(std::string(part), ": ", message);
    CHECK(contains(message, part));
  };
  refuses("lr", {.lr = -1});
  refuses("weight_decay", {.weight_decay = NAN});
  refuses("activity_weight", {.activity_weight = -0.1});
  refuses("min_alpha", {.min_alpha = NAN});
  refuses("exceeds max_alpha", {.min_alpha = 1, .max_alpha = 0.5});
  refuses("max_alpha", {.max_alpha = INFINITY});
  refuses("warmup_epochs", {.warmup_epochs = -1});
  refuses("eps", {.eps = 0});
  refuses("orthogonal_late_start_fraction", {.orthogonal_late_start_fraction = 1});
  refuses("base_momentum", {.base_momentum = 1});
  refuses("controller_high", {.controller_low = 1.5});
  refuses("max_update_norm", {.max_update_norm = 0});
  refuses("saturation_threshold_fraction", {.saturation_threshold_fraction = 2});
}

TEST_CASE("optim.neuroplastic.asks_for_the_epoch") {
  std::vector<Tensor> parameters{parameter({3}, 1)};
  set_gradients(parameters, 1);
  const auto before = values_of(parameters);
  NeuroPlastic optimizer(parameters, {.warmup_epochs = 2});
  CHECK(contains(error_of([&] { optimizer.step(); }), "set_epoch"));
  CHECK(values_of(parameters) == before);
  optimizer.set_epoch(1, 3);
  optimizer.step();
  CHECK(values_of(parameters) != before);
}

TEST_CASE("optim.neuroplastic.diagnostics_only_on_request") {
  std::vector<Tensor> parameters{parameter({3}, 1)};
  NeuroPlastic off(parameters);
  set_gradients(parameters, 1);
  off.step();
  CHECK(!off.last_diagnostics().has_value());
  NeuroPlastic on(parameters, {.diagnostics = true});
  CHECK(!on.last_diagnostics().has_value());
  on.step();
  CHECK(on.last_diagnostics().has_value());
  on.zero_grad();
  on.step();
  CHECK(!on.last_diagnostics().has_value());
}

TEST_CASE("optim.neuroplastic.groups_follow_their_own_options") {
  std::vector<Tensor> together{parameter({30}, 1), parameter({20}, 2)};
  std::vector<Tensor> apart{parameter({30}, 1), parameter({20}, 2)};
  const NeuroPlasticOptions classic{.lr = 0.5};
  const NeuroPlasticOptions hybrid{.lr = 0.01, .hybrid_base = optim::HybridBase::adamw};
  NeuroPlastic both({{{together[0]}, classic}, {{together[1]}, hybrid}});
  NeuroPlastic first(std::vector<Tensor>{apart[0]}, classic);
  NeuroPlastic second(std::vector<Tensor>{apart[1]}, hybrid);
  for (int i = 1; i < 3; ++i) {
    set_gradients(together, i);
    set_gradients(apart, i);
    both.step();
    first.step();
    second.step();
  }
  CHECK(values_of(together) == values_of(apart));
}
