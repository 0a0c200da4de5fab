#include "optim/kernels.h"

#include <doctest/doctest.h>

#include <span>
#include <vector>

#include "plastic/optim/sgd.h"
#include "tests/optim/diagnostics_contract.h"
#include "tests/optim/helpers.h"

using namespace plastic;
using namespace plastic::optim;
using namespace plastic::test;

namespace {

/// A step of SGD: a tensor of a list and its rule.
struct Part {
  StepTensor tensor;
  SgdRule rule;
};

void prepare(RuleStepper& stepper, const std::vector<Part>& parts, const float* gradients) {
  std::vector<StepTensor> tensors;
  std::vector<SgdRule> rules;
  for (const Part& part : parts) {
    tensors.push_back(part.tensor);
    rules.push_back(part.rule);
  }
  stepper.prepare(
      {.tensors = tensors, .rules = std::as_bytes(std::span(rules)), .gradients = gradients});
}

}  // namespace

TEST_CASE("optim.kernels.prepare_takes_the_works_over") {
  std::vector<float> parameters{1, 2, 3, 4}, gradients{1, 1, 1, 1};
  const auto stepper = cpu_kernels().elementwise(rule_type<SgdRule>());
  {
    std::vector<Part> parts{{{0, 1, parameters.data()}, {.lr = 0.5}},
                            {{2, 2, parameters.data() + 2}, {.lr = 0.25}}};
    prepare(*stepper, parts, gradients.data());
    parts.assign(2, {{0, 4, parameters.data()}, {.lr = 100}});
  }
  stepper->run();
  CHECK(parameters == std::vector<float>{0.5, 2, 2.75, 3.75});
  // What each run() reads are the blocks.
  gradients.assign(4, 2);
  stepper->run();
  CHECK(parameters == std::vector<float>{-0.5, 2, 2.25, 3.25});
  prepare(*stepper, {}, gradients.data());
  stepper->run();
  CHECK(parameters == std::vector<float>{-0.5, 2, 2.25, 3.25});
}

TEST_CASE("optim.kernels.steppers_are_independent") {
  std::vector<float> parameters{1, 1}, gradients{1, 1};
  const auto first = cpu_kernels().elementwise(rule_type<SgdRule>());
  const auto second = cpu_kernels().elementwise(rule_type<SgdRule>());
  prepare(*first, {{{0, 2, parameters.data()}, {.lr = 0.25}}}, gradients.data());
  prepare(*second, {{{0, 2, parameters.data()}, {.lr = 0.5}}}, gradients.data());
  first->run();
  CHECK(parameters == std::vector<float>{0.75, 0.75});
}

TEST_CASE("optim.kernels.diagnostics_are_of_the_last_run") {
  std::vector<float> theta = numbers(20, 1), g = numbers(20, 2);
  std::vector<float> activity(20), momentum(20), variance(20);
  const auto stepper = cpu_kernels().neuroplastic();
  check_diagnostics_contract(*stepper, theta.data(),
                             {.gradient = g.data(),
                              .activity = activity.data(),
                              .momentum = momentum.data(),
                              .variance = variance.data()});
}
