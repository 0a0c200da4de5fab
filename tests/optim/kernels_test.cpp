#include "optim/kernels.h"

#include <doctest/doctest.h>

#include "tests/optim/diagnostics_contract.h"
#include "tests/optim/helpers.h"

using namespace plastic;
using namespace plastic::optim;
using namespace plastic::optim_test;

TEST_CASE("optim.kernels.prepare_takes_the_works_over") {
  std::vector<float> parameters{1, 2, 3, 4}, gradients{1, 1, 1, 1};
  const auto stepper = cpu_kernels().sgd();
  {
    std::vector<Work<SgdRule>> works{{0, 1, parameters.data(), {.lr = 0.5}},
                                     {2, 2, parameters.data() + 2, {.lr = 0.25}}};
    stepper->prepare({.tensors = works, .gradients = gradients.data()});
    works.assign(2, {0, 4, parameters.data(), {.lr = 100}});
  }
  stepper->run();
  CHECK(parameters == std::vector<float>{0.5, 2, 2.75, 3.75});
  // What run() reads anew are the blocks.
  gradients.assign(4, 2);
  stepper->run();
  CHECK(parameters == std::vector<float>{-0.5, 2, 2.25, 3.25});
  stepper->prepare({.tensors = {}, .gradients = gradients.data()});
  stepper->run();
  CHECK(parameters == std::vector<float>{-0.5, 2, 2.25, 3.25});
}

TEST_CASE("optim.kernels.steppers_are_independent") {
  std::vector<float> parameters{1, 1}, gradients{1, 1};
  const auto first = cpu_kernels().sgd();
  const auto second = cpu_kernels().sgd();
  const Work<SgdRule> slow{0, 2, parameters.data(), {.lr = 0.25}};
  const Work<SgdRule> fast{0, 2, parameters.data(), {.lr = 0.5}};
  first->prepare({{&slow, 1}, gradients.data()});
  second->prepare({{&fast, 1}, gradients.data()});
  first->run();
  CHECK(parameters == std::vector<float>{0.75, 0.75});
}

TEST_CASE("optim.kernels.diagnostics_are_of_the_last_run") {
  std::vector<float> theta = numbers(20, 1), g = numbers(20, 2);
  std::vector<float> activity(20), momentum(20), variance(20);
  const auto stepper = cpu_kernels().neuroplastic();
  check_diagnostics_contract(*stepper, theta.data(),
                             {.tensors = {},
                              .gradients = g.data(),
                              .activity = activity.data(),
                              .momentum = momentum.data(),
                              .variance = variance.data(),
                              .diagnostics = {}});
}
