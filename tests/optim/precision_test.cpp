// The precision of products is a model's: what an optimizer computes is f32 throughout.
#include "plastic/core/precision.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "plastic/optim/soap.h"
#include "tests/optim/helpers.h"
#include "tests/optim/kinds.h"
#include "tests/support/scoped_precision.h"

using namespace plastic;
using namespace plastic::test;

namespace {

/// Parameters after three steps.
std::vector<std::vector<float>> after_steps(const Make& make, Precision precision) {
  const ScopedPrecision scoped(precision);
  std::vector<Tensor> parameters{parameter({24, 17}, 1), parameter({17}, 2),
                                 parameter({4, 3, 3, 3}, 3)};
  const auto optimizer = make(parameters);
  for (int step = 1; step <= 3; ++step) {
    optimizer->set_epoch(step, 3);
    set_gradients(parameters, step);
    optimizer->step();
  }
  return values_of(parameters);
}

}  // namespace

TEST_CASE("optim.precision.steps_have_the_bits_of_f32") {
  std::vector<Kind> all = kinds();
  all.push_back({"soap", [](const auto& parameters) {
                   return std::make_unique<optim::Soap>(
                       parameters, optim::SoapOptions{.lr = 0.1, .precondition_frequency = 1});
                 }});
  for (const Kind& kind : all) {
    INFO(std::string(kind.name));
    CHECK(after_steps(kind.make, Precision::bf16) == after_steps(kind.make, Precision::f32));
  }
}
