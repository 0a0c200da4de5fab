#include "apps/training/optimizers.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <type_traits>
#include <vector>

#include "apps/cli/values.h"
#include "apps/training/divergence.h"
#include "apps/training/optimizer_options.h"
#include "apps/training/optimizer_overrides.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/optim/adafactor.h"
#include "plastic/optim/lamb.h"
#include "plastic/optim/muon.h"
#include "plastic/optim/prodigy.h"
#include "plastic/optim/schedule_free.h"
#include "plastic/optim/soap.h"

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
  CHECK(default_settings("sgd", true).number("momentum") == 0.9);
  CHECK(default_settings("adamw", true).lr_decay == 0.97);
  CHECK(default_settings("adamw", true).weight_decay == 0.01);
  CHECK_THROWS_AS(default_settings("tiger", true), Error);
}

TEST_CASE("apps.optimizers.explicit_goes_before_paper") {
  const OptimizerOverrides overrides = {{"lr", "0.5"},
                                        {"lr", "0.25", "sgd"},
                                        {"np.plasticity-scale", "3"},
                                        {"np.mode", "rule_based"}};
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
  const OptimizerOverrides overrides = {{"np.min-alpha", "2"}, {"np.max-alpha", "1"}};
  CHECK_THROWS_AS(resolve_settings("neuroplastic", false, overrides), UsageError);
  CHECK_THROWS_WITH_AS(resolve_settings("sgd", false, {{"nesterov", "true"}, {"momentum", "0"}}),
                       doctest::Contains("nesterov needs momentum"), UsageError);
  CHECK_THROWS_WITH_AS(resolve_settings("schedule-free-sgd", false, {{"momentum", "0"}}),
                       doctest::Contains("momentum is 0"), UsageError);
}

TEST_CASE("apps.optimizers.whole_numbers") {
  const OptimizerSettings soap =
      resolve_settings("soap", false, {{"precondition-frequency", "25"}});
  CHECK(soap.number("precondition-frequency") == 25);
  CHECK_THROWS_AS(resolve_settings("soap", false, {{"precondition-frequency", "2.5"}}), UsageError);
  CHECK_THROWS_AS(resolve_settings("soap", false, {{"precondition-frequency", "0"}}), UsageError);
}

namespace {

// A matrix and a bias after some steps down a bowl that is steeper along some weights, or, with a
// `slope` of -1, down a hill, on which gradients grow.
std::vector<float> after_steps(
    const std::function<std::unique_ptr<optim::Optimizer>(const std::vector<Tensor>&)>& make,
    double slope) {
  const Tensor matrix = Tensor::full({3, 2}, 0.5).set_requires_grad();
  const Tensor bias = Tensor::full({4}, 0.25).set_requires_grad();
  const Tensor steepness = Tensor::of({1, 2, 3, 4, 5, 6}, {3, 2});
  const auto optimizer = make({matrix, bias});
  for (int i = 0; i < 15; ++i) {
    optimizer->zero_grad();
    (slope * (sum(steepness * matrix * matrix) + sum(bias * bias))).backward();
    optimizer->step();
  }
  std::vector<float> all = matrix.detach().to_vector<float>();
  for (const float value : bias.detach().to_vector<float>()) all.push_back(value);
  return all;
}

}  // namespace

// Each option of the program reaches the option of the class that it names.
TEST_CASE("apps.optimizers.options_reach_their_class") {
  const auto check = [](const std::string& name, const std::string& option,
                        const std::string& value, auto prototype, auto options, double slope = 1) {
    CAPTURE(name);
    CAPTURE(option);
    using Optimizer = std::remove_pointer_t<decltype(prototype)>;
    const auto with = [&](const OptimizerOverrides& overrides) {
      return after_steps(
          [&](const std::vector<Tensor>& parameters) {
            return make_optimizer(resolve_settings(name, false, overrides), parameters);
          },
          slope);
    };
    const auto given = with({{option, value}});
    CHECK(given == after_steps(
                       [&](const std::vector<Tensor>& parameters) {
                         return std::make_unique<Optimizer>(parameters, options);
                       },
                       slope));
    CHECK(given != with({}));
    CHECK_THROWS_AS(check_overrides({{option, value}}, {{.name = "adam", .optimizer = "adam"}}),
                    UsageError);
  };
  const auto muon = [&](const std::string& option, const std::string& value,
                        const std::function<void(optim::MuonOptions&)>& change) {
    optim::MuonOptions options;
    change(options);
    check("muon", option, value, static_cast<optim::Muon*>(nullptr), options);
  };
  muon("nesterov", "false", [](auto& o) { o.nesterov = false; });
  muon("ns-steps", "2", [](auto& o) { o.ns_steps = 2; });
  muon("match-rms-adamw", "true", [](auto& o) { o.adjust_lr = optim::MuonRate::match_rms_adamw; });
  muon("adamw-eps", "1", [](auto& o) { o.adamw_eps = 1; });
  const auto lamb = [&](const std::string& option, const std::string& value,
                        const std::function<void(optim::LambOptions&)>& change) {
    optim::LambOptions options{.lr = 0.01};
    change(options);
    check("lamb", option, value, static_cast<optim::Lamb*>(nullptr), options);
  };
  lamb("bias-correction", "false", [](auto& o) { o.bias_correction = false; });
  lamb("min-norm", "9", [](auto& o) { o.min_norm = 9; });
  lamb("max-norm", "0.1", [](auto& o) { o.max_norm = 0.1; });
  lamb("always-adapt", "true", [](auto& o) { o.adapt_vectors = true; });
  const auto adafactor = [&](const std::string& option, const std::string& value,
                             const std::function<void(optim::AdafactorOptions&)>& change) {
    optim::AdafactorOptions options;
    change(options);
    check("adafactor", option, value, static_cast<optim::Adafactor*>(nullptr), options, -1);
  };
  adafactor("eps1", "10", [](auto& o) { o.eps1 = 10; });
  adafactor("eps2", "2", [](auto& o) { o.eps2 = 2; });
  adafactor("clip-threshold", "2", [](auto& o) { o.d = 2; });
  const auto prodigy = [&](const std::string& option, const std::string& value,
                           const std::function<void(optim::ProdigyOptions&)>& change) {
    optim::ProdigyOptions options;
    change(options);
    check("prodigy", option, value, static_cast<optim::Prodigy*>(nullptr), options);
  };
  prodigy("beta3", "0.5", [](auto& o) { o.beta3 = 0.5; });
  prodigy("growth-rate", "1.5", [](auto& o) { o.growth_rate = 1.5; });
  prodigy("slice-p", "2", [](auto& o) { o.slice_p = 2; });
  const auto soap = [&](const std::string& option, const std::string& value,
                        const std::function<void(optim::SoapOptions&)>& change) {
    optim::SoapOptions options{.max_precondition_dim = 1024};
    change(options);
    check("soap", option, value, static_cast<optim::Soap*>(nullptr), options);
  };
  soap("shampoo-beta", "0.5", [](auto& o) { o.shampoo_beta = 0.5; });
  soap("precondition-1d", "true", [](auto& o) { o.precondition_1d = true; });
  soap("normalize-gradients", "true", [](auto& o) { o.normalize_gradients = true; });
  soap("correct-bias", "false", [](auto& o) { o.correct_bias = false; });
  optim::ScheduleFreeSgdOptions schedule_free{.warmup_steps = 7};
  check("schedule-free-sgd", "warmup-steps", "7", static_cast<optim::ScheduleFreeSgd*>(nullptr),
        schedule_free);
}

TEST_CASE("apps.optimizers.overrides_without_use") {
  const auto check = [](const OptimizerOverrides& overrides,
                        const std::vector<std::string>& names) {
    std::vector<Variant> variants;
    for (const std::string& name : names) variants.push_back({.name = name, .optimizer = name});
    check_overrides(overrides, variants);
  };
  CHECK_THROWS_AS(check({{"momentum", "0.5"}}, {"adam"}), UsageError);
  CHECK_NOTHROW(check({{"momentum", "0.5"}}, {"adam", "sgd"}));
  CHECK_THROWS_AS(check({{"lr", "0.5", "sgd"}}, {"adam"}), UsageError);
  CHECK_THROWS_AS(check({{"np.eps", "1"}}, {"sgd", "adam"}), UsageError);
  CHECK_THROWS_AS(check({{"np.mode", "rule_based"}}, {"grad-only"}), UsageError);
}

TEST_CASE("apps.optimizers.description") {
  CHECK(describe(default_settings("adamw", true)) ==
        "lr 0.001, lr x 0.97 per epoch, weight decay 0.01");
  CHECK(describe(default_settings("neuroplastic", true)) ==
        "lr 0.1, weight decay 0, plasticity-scale 2, warmup-epochs 2");
  CHECK(describe(resolve_settings("sgd", false, {{"nesterov", "true"}, {"sam", "0.1"}})) ==
        "lr 0.01, momentum 0.9, nesterov, weight decay 0, SAM 0.1");
  CHECK(describe(resolve_settings("muon", false, {{"adamw-lr", "0.01"}})) ==
        "lr 0.02, adamw-lr 0.01, momentum 0.95, weight decay 0");
  CHECK(describe(resolve_settings("muon", false, {{"nesterov", "false"}, {"ns-steps", "3"}})) ==
        "lr 0.02, momentum 0.95, ns-steps 3, no nesterov, weight decay 0");
  CHECK(describe(resolve_settings("nadam", false,
                                  {{"beta2", "0.99"}, {"sam", "1"}, {"sam-adaptive", "true"}})) ==
        "lr 0.002, beta2 0.99, weight decay 0, adaptive SAM 1");
}

TEST_CASE("apps.optimizers.sam_is_over_any_of_them") {
  for (const OptimizerEntry& entry : optimizer_table()) {
    CAPTURE(entry.name);
    const auto made = [&](const OptimizerOverrides& overrides) {
      return make_optimizer(resolve_settings(entry.name, false, overrides),
                            {Tensor::ones({2}).set_requires_grad()});
    };
    CHECK(made({})->gradients_per_step() == 1);
    CHECK(made({{"sam", "0.05"}})->gradients_per_step() == 2);
  }
  const Settings without = effective_settings(resolve_settings("sgd", false, {}));
  CHECK(std::ranges::find(without, "sam-adaptive", [](const auto& one) { return one.first; }) ==
        without.end());
}

TEST_CASE("apps.optimizers.remedy_for_divergence") {
  const auto remedy = [](const std::string& name, const OptimizerOverrides& overrides) {
    return divergence_remedy(resolve_settings(name, false, overrides));
  };
  CHECK(remedy("sgd", {}) == "a smaller --lr");
  CHECK(remedy("prodigy", {}) == "a smaller --d-coef");
  CHECK(remedy("muon", {}) == "a smaller --lr or --adamw-lr");
  CHECK(remedy("adam", {{"sam", "0.5"}}) == "a smaller --lr or --sam");
  CHECK(remedy("neuroplastic", {}) == "a smaller --lr");
  CHECK(remedy("neuroplastic", {{"np.hybrid-base", "adamw"}, {"np.max-update-norm", "1e30"}}) ==
        "a smaller --lr or --np.max-update-norm");
}

// No list of optimizers ends in a default.
TEST_CASE("apps.optimizers.unknown_names") {
  const char* reason = "unknown name tiger; known are neuroplastic, grad-only, sgd, adam";
  CHECK_THROWS_WITH_AS(find_optimizer("tiger"), doctest::Contains(reason), Error);
  CHECK_THROWS_WITH_AS(make_optimizer({{.name = "tiger"}}, {}), doctest::Contains(reason), Error);
  CHECK_THROWS_WITH_AS(describe({{.name = "tiger"}}), doctest::Contains(reason), Error);
  CHECK_THROWS_WITH_AS(resolve_settings("tiger", false, {}), doctest::Contains(reason), Error);
  CHECK_THROWS_WITH_AS(default_settings("adam", false).number("momentum"),
                       doctest::Contains("adam has no option momentum"), Error);
}

TEST_CASE("apps.optimizers.every_row_can_be_made_and_described") {
  for (const OptimizerEntry& entry : optimizer_table()) {
    CAPTURE(entry.name);
    CHECK(entry.defaults.name == entry.name);
    CHECK(entry.defaults.lr > 0);
    Tensor parameter = Tensor::ones({2});
    parameter.set_requires_grad();
    CHECK(make_optimizer(entry.defaults, {parameter}) != nullptr);
    CHECK(describe(entry.defaults).starts_with("lr "));
    // Every number that it has is an option.
    for (const auto& [name, value] : entry.defaults.numbers) {
      CAPTURE(name);
      const OptimizerOption* option = find_optimizer_option(name);
      REQUIRE(option != nullptr);
      CHECK(option->applies_to(entry));
      CHECK(option->get(entry.defaults) == exact(value));
    }
    for (const auto& [name, is_on] : entry.defaults.switches) {
      CAPTURE(name);
      const OptimizerOption* option = find_optimizer_option(name);
      REQUIRE(option != nullptr);
      CHECK(option->is_switch);
      CHECK(option->applies_to(entry));
      OptimizerSettings other = entry.defaults;
      option->set(other, is_on ? "false" : "true");
      CHECK(option->get(other) == (is_on ? "false" : "true"));
      CHECK(option->get(entry.defaults) == (is_on ? "true" : "false"));
    }
  }
}

TEST_CASE("apps.optimizers.options_without_effect") {
  const std::vector<Variant> variants = {{.name = "neuroplastic", .optimizer = "neuroplastic"},
                                         {.name = "grad-only", .optimizer = "grad-only"}};
  const auto idle = [&](const OptimizerOverrides& overrides, std::size_t rows) {
    const std::vector<Variant> used(variants.end() - static_cast<std::ptrdiff_t>(rows),
                                    variants.end());
    std::vector<OptimizerSettings> settings;
    for (const Variant& variant : used) {
      settings.push_back(resolve_settings(variant, used, false, overrides));
    }
    return idle_overrides(overrides, used, settings);
  };
  using Lines = std::vector<std::string>;
  CHECK(idle({{"np.plasticity-scale", "2"}}, 1) ==
        Lines{"--np.plasticity-scale has no effect: mode is ablation_grad_only"});
  // neuroplastic takes it.
  CHECK(idle({{"np.plasticity-scale", "2"}}, 2).empty());
  CHECK(idle({{"np.plasticity-scale", "2", "grad-only"}}, 2) ==
        Lines{"--np.plasticity-scale grad-only has no effect: mode is ablation_grad_only"});
  // A configuration file names all of them: a usual value is not worth a word.
  CHECK(idle({{"np.plasticity-scale", "1"}}, 1).empty());
  CHECK(idle({{"np.min-alpha", "0.5"}}, 1).empty());
  CHECK(idle({{"np.orthogonal-lambda", "0.5"}}, 2) ==
        Lines{"--np.orthogonal-lambda has no effect: orthogonal_residual is false"});
  CHECK(idle({{"np.orthogonal-lambda", "0.5"}, {"np.orthogonal-residual", "true"}}, 2).empty());
}

TEST_CASE("apps.optimizers.effective_settings") {
  const auto has = [](const Settings& settings, const std::string& name) {
    return std::ranges::any_of(settings, [&](const auto& one) { return one.first == name; });
  };
  const Settings usual = effective_settings(default_settings("neuroplastic", false));
  CHECK(has(usual, "np.plasticity-scale"));
  CHECK_FALSE(has(usual, "np.orthogonal-lambda"));
  CHECK_FALSE(has(usual, "np.base-beta2"));
  CHECK_FALSE(has(usual, "momentum"));
  CHECK(has(effective_settings(default_settings("sgd", false)), "momentum"));
  // As a file says them.
  const Settings file = {{"lr", "0.1"},
                         {"batch-size", "64"},
                         {"np.orthogonal-lambda", "0.5"},
                         {"np.hybrid-base", "adamw"},
                         {"np.base-eps", "1e-6"},
                         {"momentum", "0.9"}};
  CHECK(effective_settings("neuroplastic", file) == Settings{{"lr", "0.1"},
                                                             {"batch-size", "64"},
                                                             {"np.hybrid-base", "adamw"},
                                                             {"np.base-eps", "1e-6"}});
  CHECK(effective_settings("adam", file) == Settings{{"lr", "0.1"}, {"batch-size", "64"}});
  // Nothing is known of these.
  CHECK(effective_settings("unknown", file) == file);
  CHECK(effective_settings("sgd", {{"lr", "x"}, {"np.eps", "1"}}).size() == 2);
}
