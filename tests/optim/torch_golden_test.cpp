// Optimizers against PyTorch's and other packages': tests/optim/golden/make_torch_trajectories.py
// and make_package_trajectories.py.
#include <doctest/doctest.h>

#include <memory>

#include "plastic/optim/adam.h"
#include "plastic/optim/lion.h"
#include "plastic/optim/rmsprop.h"
#include "plastic/optim/sgd.h"
#include "tests/cuda/device.h"
#include "tests/optim/golden.h"
#include "tests/support/paths.h"

using namespace plastic;
using test::Json;
using test::Values;

namespace {

std::unique_ptr<optim::Optimizer> make_optimizer(const Json& test_case,
                                                 const std::vector<Tensor>& parameters) {
  const Json& options = test_case.at("options");
  const std::string name = test_case.at("optimizer");
  if (name == "sgd") {
    return std::make_unique<optim::Sgd>(
        parameters, optim::SgdOptions{.lr = options.at("lr"),
                                      .momentum = options.at("momentum"),
                                      .dampening = options.value("dampening", 0.0),
                                      .nesterov = options.value("nesterov", false),
                                      .weight_decay = options.at("weight_decay")});
  }
  if (name == "lion") {
    return std::make_unique<optim::Lion>(
        parameters, optim::LionOptions{.lr = options.at("lr"),
                                       .beta1 = options.at("betas")[0],
                                       .beta2 = options.at("betas")[1],
                                       .weight_decay = options.at("weight_decay")});
  }
  if (name == "rmsprop") {
    return std::make_unique<optim::RmsProp>(
        parameters, optim::RmsPropOptions{.lr = options.at("lr"),
                                          .alpha = options.at("alpha"),
                                          .eps = options.at("eps"),
                                          .weight_decay = options.at("weight_decay"),
                                          .momentum = options.at("momentum"),
                                          .centered = options.at("centered")});
  }
  const auto adam = [&]<class Options>(Options defaults) {
    defaults.lr = options.at("lr");
    defaults.beta1 = options.at("betas")[0];
    defaults.beta2 = options.at("betas")[1];
    defaults.eps = options.at("eps");
    defaults.weight_decay = options.at("weight_decay");
    return defaults;
  };
  if (name == "adam") {
    return std::make_unique<optim::Adam>(parameters, adam(optim::AdamOptions{}));
  }
  return std::make_unique<optim::AdamW>(parameters, adam(optim::AdamWOptions{}));
}

/// Runs every case of one optimizer; returns how many there were.
int check_cases(const std::string& optimizer_name, Device device,
                const char* name = "torch_trajectories.json") {
  const Json file = test::read_json(test::test_folder() / "optim/golden" / name);
  int count = 0;
  for (const Json& test_case : file.at("cases")) {
    if (test_case.at("optimizer") != optimizer_name) continue;
    ++count;
    INFO("options ", test_case.at("options").dump());
    std::vector<Tensor> parameters;
    for (std::size_t i = 0; i < file.at("shapes").size(); ++i) {
      const Shape shape(file.at("shapes")[i].get<std::vector<std::int64_t>>());
      const Values start = test::values_of(test_case.at("params")[i]);
      parameters.push_back(Tensor::from<float>(start, shape).to(device).set_requires_grad());
    }
    const auto optimizer = make_optimizer(test_case, parameters);
    for (const Json& step : test_case.at("steps")) {
      optimizer->zero_grad();
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (step.at("grads")[i].is_null()) continue;
        const Values gradient = test::values_of(step.at("grads")[i]);
        parameters[i].set_grad(Tensor::from<float>(gradient, parameters[i].shape()).to(device));
      }
      optimizer->step();
      if (step.at("params").is_null()) continue;
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        const Values expected = test::values_of(step.at("params")[i]);
        CHECK(test::relative_error(parameters[i].to_vector<float>(), expected) <= 1e-5);
      }
    }
  }
  return count;
}

}  // namespace

TEST_CASE("optim.sgd.torch") { CHECK(check_cases("sgd", Device{}) == 10); }
TEST_CASE("optim.adam.torch") { CHECK(check_cases("adam", Device{}) == 8); }
TEST_CASE("optim.adamw.torch") { CHECK(check_cases("adamw", Device{}) == 8); }
TEST_CASE("optim.lion.package") {
  CHECK(check_cases("lion", Device{}, "package_trajectories.json") == 4);
}
TEST_CASE("optim.rmsprop.torch") {
  CHECK(check_cases("rmsprop", Device{}, "package_trajectories.json") == 8);
}

TEST_CASE("cuda.optim.torch") {
  if (!test::has_cuda_device()) return;
  CHECK(check_cases("sgd", test::cuda_device) == 10);
  CHECK(check_cases("adam", test::cuda_device) == 8);
  CHECK(check_cases("adamw", test::cuda_device) == 8);
  CHECK(check_cases("lion", test::cuda_device, "package_trajectories.json") == 4);
  CHECK(check_cases("rmsprop", test::cuda_device, "package_trajectories.json") == 8);
}
