// Trajectories of the reference implementation, tests/optim/golden/neuroplastic.json or the file
// that PLASTIC_GOLDEN names.
#include <doctest/doctest.h>

#include <bit>
#include <cstdlib>

#include "plastic/optim/neuroplastic.h"
#include "tests/cuda/device.h"
#include "tests/optim/golden.h"
#include "tests/support/paths.h"

using namespace plastic;
using test::Json;
using test::Values;

namespace {

std::string golden_path() {
  const char* named = std::getenv("PLASTIC_GOLDEN");
  if (named != nullptr) return named;
  return (test::test_folder() / "optim/golden/neuroplastic.json").string();
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

optim::NeuroPlasticOptions options_of(const Json& test_case) {
  optim::NeuroPlasticOptions options;
  options.lr = test_case.at("lr");
  options.weight_decay = test_case.at("weight_decay");
  options.decoupled_weight_decay = test_case.at("decoupled_weight_decay");
  for (const char* section : {"plasticity", "homeostatic"}) {
    for (const auto& [name, value] : test_case.at(section).items()) {
      optim::set_option(options, name, text_of(value));
    }
  }
  return options;
}

std::vector<Tensor> parameters_of(const Json& test_case, Device device) {
  std::vector<Tensor> parameters;
  for (const Json& values : test_case.at("params")) {
    parameters.push_back(test::tensor_of(values).to(device).set_requires_grad());
  }
  return parameters;
}

/// Gives the gradients of a step; null or a missing list leaves a parameter without.
void set_gradients(std::vector<Tensor>& parameters, const Json& gradients) {
  REQUIRE(gradients.size() == parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (gradients[i].is_null()) {
      parameters[i].zero_grad();
    } else {
      const Values values = test::values_of(gradients[i]);
      parameters[i].set_grad(
          Tensor::from<float>(values, parameters[i].shape()).to(parameters[i].device()));
    }
  }
}

// Shares of elements may be `share` off.
void check_diagnostics(const optim::NeuroPlasticDiagnostics& actual, const Json& expected,
                       double share) {
  const auto check = [&](const char* name, double value, double absolute = 0) {
    if (!expected.contains(name)) return;
    const double want = expected.at(name);
    INFO(std::string(name), ": ", value, ", expected ", want);
    // std::abs(want) alone would demand the exact bits of a zero.
    CHECK(std::abs(value - want) <= 1e-4 * std::abs(want) + absolute + 1e-30);
  };
  check("alpha_mean", actual.alpha_mean);
  check("alpha_std", actual.alpha_std, 5e-4);
  check("alpha_min", actual.alpha_min);
  check("alpha_max", actual.alpha_max);
  check("alpha_median", actual.alpha_median);
  check("alpha_fraction_near_min", actual.alpha_fraction_near_min, share);
  check("alpha_fraction_near_max", actual.alpha_fraction_near_max, share);
  check("raw_gradient_norm", actual.raw_gradient_norm);
  check("parameter_norm", actual.parameter_norm);
  check("raw_update_norm", actual.raw_update_norm);
  check("effective_update_norm", actual.effective_update_norm);
  check("plasticity_delta_norm", actual.plasticity_delta_norm,
        1e-6 * expected.value("raw_gradient_norm", 0.0));
}

void check_final_state(const optim::NeuroPlastic& optimizer, const Json& expected) {
  const StateDict state = optimizer.state_dict();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    for (const char* name : {"activity", "momentum", "variance"}) {
      const Tensor& actual = find(state, "state." + std::to_string(i) + "." + name, "golden test");
      INFO(std::string(name), " of tensor ", i);
      CHECK(test::relative_error(actual.to_vector<float>(),
                                 test::values_of(expected[i].at(name))) <= 2e-5);
    }
  }
}

/// The parameters after every step. Compares diagnostics, if on, and the final state on the way.
std::vector<Values> run(const Json& test_case, bool with_diagnostics, Device device) {
  optim::NeuroPlasticOptions options = options_of(test_case);
  options.diagnostics = with_diagnostics;
  std::vector<Tensor> parameters = parameters_of(test_case, device);
  optim::NeuroPlastic optimizer(parameters, options);
  std::vector<Values> trajectory;
  // On another device an element that lies on a threshold may count on the other side of it.
  std::int64_t elements = 0;
  for (const Tensor& parameter : parameters) elements += parameter.numel();
  const double share = device == Device{} ? 0 : 2.01 / static_cast<double>(elements);
  for (const Json& step : test_case.at("steps")) {
    INFO("step ", trajectory.size() / parameters.size());
    optimizer.set_epoch(step.at("epoch"), test_case.at("total_epochs"));
    set_gradients(parameters, step.at("grads"));
    optimizer.step();
    for (const Tensor& parameter : parameters) trajectory.push_back(parameter.to_vector<float>());
    if (with_diagnostics && step.contains("diagnostics")) {
      REQUIRE(optimizer.last_diagnostics().has_value());
      check_diagnostics(*optimizer.last_diagnostics(), step.at("diagnostics"), share);
    }
  }
  if (test_case.contains("final_state")) {
    check_final_state(optimizer, test_case.at("final_state"));
  }
  return trajectory;
}

void check_trajectory(const Json& test_case, const std::vector<Values>& trajectory) {
  const std::size_t count = test_case.at("params").size();
  std::size_t position = 0;
  for (const Json& step : test_case.at("steps")) {
    for (std::size_t i = 0; i < count; ++i, ++position) {
      const Values start = test::values_of(test_case.at("params")[i]);
      const Values expected = test::values_of(step.at("params")[i]);
      const Values& actual = trajectory[position];
      INFO("step ", position / count, ", tensor ", i);
      CHECK(test::relative_error(actual, expected) <= 2e-5);
      const Values expected_change = test::difference(expected, start);
      if (test::norm(expected_change) < 1e-5 * test::norm(start)) continue;
      CHECK(test::relative_error(test::difference(actual, start), expected_change) <= 1e-3);
    }
  }
}

bool same_bits(const std::vector<Values>& a, const std::vector<Values>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].size() != b[i].size()) return false;
    for (std::size_t j = 0; j < a[i].size(); ++j) {
      if (std::bit_cast<std::uint32_t>(a[i][j]) != std::bit_cast<std::uint32_t>(b[i][j])) {
        return false;
      }
    }
  }
  return true;
}

void check_cases(Device device) {
  const Json file = test::read_json(golden_path());
  const Json& cases = file.at("cases");
  REQUIRE(cases.size() == 42);
  for (const Json& test_case : cases) {
    INFO("case ", test_case.at("name").get<std::string>());
    const std::vector<Values> trajectory = run(test_case, true, device);
    check_trajectory(test_case, trajectory);
    CHECK(same_bits(trajectory, run(test_case, false, device)));
  }
  MESSAGE(cases.size(), " cases of ", golden_path());
}

}  // namespace

TEST_CASE("optim.neuroplastic.golden") { check_cases(Device{}); }

TEST_CASE("cuda.optim.neuroplastic.golden") {
  if (test::has_cuda_device()) check_cases(test::cuda_device);
}
