// Optimizers against 100 steps of PyTorch's, the authors' and others' packages:
// tests/optim/golden/make_optimizer_trajectories.py.
#include <doctest/doctest.h>

#include <memory>
#include <utility>

#include "plastic/core/ops.h"
#include "plastic/optim/adam.h"
#include "plastic/optim/nadam.h"
#include "plastic/optim/radam.h"
#include "plastic/optim/sam.h"
#include "plastic/optim/schedule_free.h"
#include "plastic/optim/sgd.h"
#include "tests/cuda/device.h"
#include "tests/optim/golden.h"
#include "tests/support/paths.h"

using namespace plastic;
using test::Json;
using test::Values;

namespace {

const Json& trajectories() {
  static const Json file =
      test::read_json(test::test_folder() / "optim/golden/optimizer_trajectories.json");
  return file;
}

/// Options with the names and values of a case's, where they have a field of that name.
template <class Options>
Options options_of(const Json& given) {
  Options options;
  options.lr = given.at("lr");
  options.weight_decay = given.at("weight_decay");
  if constexpr (requires { options.momentum; }) options.momentum = given.at("momentum");
  if constexpr (requires { options.dampening; }) {
    options.dampening = given.value("dampening", 0.0);
    options.nesterov = given.value("nesterov", false);
  }
  if constexpr (requires { options.beta1; }) {
    options.beta1 = given.at("betas")[0];
    options.beta2 = given.at("betas")[1];
    options.eps = given.at("eps");
  }
  if constexpr (requires { options.momentum_decay; }) {
    options.momentum_decay = given.at("momentum_decay");
  }
  if constexpr (requires { options.decoupled_weight_decay; }) {
    options.decoupled_weight_decay = given.at("decoupled_weight_decay");
  }
  if constexpr (requires { options.warmup_steps; }) {
    options.warmup_steps = given.at("warmup_steps");
    options.r = given.at("r");
    options.weight_lr_power = given.at("weight_lr_power");
  }
  return options;
}

std::unique_ptr<optim::Optimizer> make(const std::string& name, const Json& options,
                                       const std::vector<Tensor>& parameters) {
  const auto of = [&]<class Optimizer, class Options>() {
    return std::make_unique<Optimizer>(parameters, options_of<Options>(options));
  };
  using namespace optim;
  if (name == "sgd") return of.operator()<Sgd, SgdOptions>();
  if (name == "adam") return of.operator()<Adam, AdamOptions>();
  if (name == "adamw") return of.operator()<AdamW, AdamWOptions>();
  if (name == "nadam") return of.operator()<NAdam, NAdamOptions>();
  if (name == "radam") return of.operator()<RAdam, RAdamOptions>();
  if (name == "schedule_free_sgd") {
    return of.operator()<ScheduleFreeSgd, ScheduleFreeSgdOptions>();
  }
  if (name == "schedule_free_adamw") {
    return of.operator()<ScheduleFreeAdamW, ScheduleFreeAdamWOptions>();
  }
  REQUIRE(name.starts_with("sam+"));
  return std::make_unique<Sam>(
      make(name.substr(4), options, parameters),
      SamOptions{.rho = options.at("rho"), .adaptive = options.at("adaptive")});
}

/// The gradients of step `step`; those of a case with a curvature depend on the point.
void give_gradients(const Json& test_case, std::size_t step, std::vector<Tensor>& parameters) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Tensor& parameter = parameters[i];
    const Json& listed = trajectories().at("gradients")[step][i];
    parameter.zero_grad();
    if (listed.is_null()) continue;
    const Tensor gradient =
        Tensor::from<float>(test::values_of(listed), parameter.shape()).to(parameter.device());
    if (test_case.contains("curvature")) {
      const Tensor square = mul(parameter, parameter);
      const double half = test_case.at("curvature").get<double>() / 2;
      sum(add(mul(gradient, parameter), mul(square, half))).backward();
    } else {
      parameter.set_grad(gradient);
    }
  }
}

void check_parameters(const std::vector<Tensor>& parameters, const Json& expected) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    CHECK(test::relative_error(parameters[i].to_vector<float>(), test::values_of(expected[i])) <=
          1e-5);
  }
}

void check_case(const Json& test_case, Device device) {
  const Json& file = trajectories();
  std::vector<Tensor> parameters;
  for (std::size_t i = 0; i < file.at("shapes").size(); ++i) {
    const Shape shape(file.at("shapes")[i].get<std::vector<std::int64_t>>());
    const Values start = test::values_of(file.at("start")[i]);
    parameters.push_back(Tensor::from<float>(start, shape).to(device).set_requires_grad());
  }
  const auto optimizer = make(test_case.at("optimizer"), test_case.at("options"), parameters);
  const double lr = optimizer->lr();
  for (std::size_t step = 0; step < file.at("gradients").size(); ++step) {
    optimizer->train();
    optimizer->set_lr(lr * file.at("factors")[step].get<double>());
    give_gradients(test_case, step, parameters);
    for (int i = 1; i < optimizer->gradients_per_step(); ++i) {
      optimizer->perturb();
      give_gradients(test_case, step, parameters);
    }
    optimizer->step();
    if (step % 10 != 9) continue;
    CAPTURE(step);
    check_parameters(parameters, test_case.at("params")[step / 10]);
    if (!test_case.contains("averages")) continue;
    optimizer->eval();
    check_parameters(parameters, test_case.at("averages")[step / 10]);
  }
}

/// Runs every case of one optimizer; returns how many there were.
int check_cases(const std::string& name, Device device) {
  int count = 0;
  for (const Json& test_case : trajectories().at("cases")) {
    if (test_case.at("optimizer") != name) continue;
    INFO("options ", test_case.at("options").dump());
    check_case(test_case, device);
    ++count;
  }
  return count;
}

constexpr std::pair<const char*, int> kinds[] = {{"sgd", 10},
                                                 {"adam", 8},
                                                 {"adamw", 8},
                                                 {"nadam", 24},
                                                 {"radam", 18},
                                                 {"schedule_free_sgd", 16},
                                                 {"schedule_free_adamw", 32},
                                                 {"sam+sgd", 4},
                                                 {"sam+adam", 4}};

}  // namespace

TEST_CASE("optim.trajectories.as_elsewhere") {
  for (const auto& [name, count] : kinds) {
    CAPTURE(name);
    CHECK(check_cases(name, Device{}) == count);
  }
}

TEST_CASE("cuda.optim.trajectories_as_elsewhere") {
  if (!test::has_cuda_device()) return;
  for (const auto& [name, count] : kinds) {
    CAPTURE(name);
    CHECK(check_cases(name, test::cuda_device) == count);
  }
}
