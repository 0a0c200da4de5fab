#include "apps/training/optimizers.h"

#include <doctest/doctest.h>

#include "apps/cli/values.h"
#include "plastic/core/error.h"

using namespace plastic;
using namespace plastic::apps;

TEST_CASE("apps.optimizers.paper") {
  const OptimizerSettings full = default_settings("neuroplastic", true);
  CHECK(full.lr == 0.1);
  CHECK(full.plasticity.plasticity_scale == 2.0);
  CHECK(full.plasticity.warmup_epochs == 2);
  const OptimizerSettings ablation = default_settings("grad-only", true);
  CHECK(ablation.plasticity.mode == optim::NeuroPlasticMode::ablation_grad_only);
  CHECK(ablation.plasticity.min_alpha == 0.5);
  CHECK(ablation.plasticity.max_alpha == 1.5);
  CHECK(default_settings("sgd", true).momentum == 0.9);
  CHECK(default_settings("adamw", true).lr_decay == 0.97);
  CHECK(default_settings("adamw", true).weight_decay == 0.01);
  CHECK_THROWS_AS(default_settings("lion", true), Error);
}

TEST_CASE("apps.optimizers.explicit_goes_before_paper") {
  OptimizerOverrides overrides;
  overrides.lr = {{"", 0.5}, {"sgd", 0.25}};
  overrides.plasticity = {{"plasticity_scale", "3"}, {"mode", "rule_based"}};
  CHECK(resolve_settings("sgd", true, overrides).lr == 0.25);
  CHECK(resolve_settings("adam", true, overrides).lr == 0.5);
  const OptimizerSettings full = resolve_settings("neuroplastic", true, overrides);
  CHECK(full.plasticity.lr == 0.5);
  CHECK(full.plasticity.plasticity_scale == 3.0);
  CHECK(full.plasticity.warmup_epochs == 2);
  const OptimizerSettings ablation = resolve_settings("grad-only", true, overrides);
  CHECK(ablation.plasticity.plasticity_scale == 3.0);
  CHECK(ablation.plasticity.mode == optim::NeuroPlasticMode::ablation_grad_only);
}

TEST_CASE("apps.optimizers.contradictory_options") {
  OptimizerOverrides overrides;
  overrides.plasticity = {{"min_alpha", "2"}, {"max_alpha", "1"}};
  CHECK_THROWS_AS(resolve_settings("neuroplastic", false, overrides), UsageError);
}

TEST_CASE("apps.optimizers.overrides_without_use") {
  const auto check = [](const OptimizerOverrides& overrides,
                        const std::vector<std::string>& names) {
    std::vector<Variant> variants;
    for (const std::string& name : names) variants.push_back({.name = name, .optimizer = name});
    check_overrides(overrides, variants);
  };
  CHECK_THROWS_AS(check({.momentum = {{"", 0.5}}}, {"adam"}), UsageError);
  CHECK_NOTHROW(check({.momentum = {{"", 0.5}}}, {"adam", "sgd"}));
  CHECK_THROWS_AS(check({.lr = {{"sgd", 0.5}}}, {"adam"}), UsageError);
  CHECK_THROWS_AS(check({.plasticity = {{"eps", "1"}}}, {"sgd", "adam"}), UsageError);
  CHECK_THROWS_AS(check({.plasticity = {{"mode", "rule_based"}}}, {"grad-only"}), UsageError);
}

TEST_CASE("apps.optimizers.description") {
  CHECK(describe(default_settings("adamw", true)) ==
        "lr 0.001, lr x 0.97 an epoch, weight decay 0.01");
  CHECK(describe(default_settings("neuroplastic", true)) ==
        "lr 0.1, weight decay 0, plasticity-scale 2, warmup-epochs 2");
}
