#include "tests/core/ops/op_cases.h"

#include <doctest/doctest.h>

#include <cmath>

#include "plastic/core/autograd.h"
#include "plastic/core/device.h"
#include "plastic/core/random.h"

namespace plastic::test {
namespace {

/// The result of a case followed by the gradients of its inputs, as doubles.
std::vector<std::vector<double>> forward_and_backward(const OpCase& op_case,
                                                      std::vector<Tensor> inputs) {
  const Tensor y = op_case.run(inputs);
  Generator generator{.seed = 9};
  y.backward(uniform(y.shape(), 0.5, 1.5, generator, DType::f64).to(y.dtype()));
  std::vector<std::vector<double>> values = {y.detach().to(DType::f64).to_vector<double>()};
  for (const Tensor& input : inputs) {
    values.push_back(input.grad().to(DType::f64).to_vector<double>());
  }
  return values;
}

TEST_CASE("core.ops.gradcheck") {
  for (const OpCase& op_case : op_cases()) {
    CAPTURE(op_case.name);
    // f32 in between leaves too few digits for differences.
    const bool rounds = op_case.name.starts_with("to f32");
    const GradcheckResult result =
        gradcheck(op_case.run, make_inputs(op_case, DType::f64),
                  rounds ? GradcheckOptions{.step = 0x1p-10, .relative_tolerance = 1e-3}
                         : GradcheckOptions{});
    CHECK_MESSAGE(result.passed, result.message);
  }
}

TEST_CASE("core.ops.layout_does_not_matter") {
  for (const OpCase& op_case : op_cases()) {
    CAPTURE(op_case.name);
    const auto laid_out = forward_and_backward(op_case, make_inputs(op_case, DType::f64));
    const auto dense = forward_and_backward(op_case, make_inputs(op_case, DType::f64, true));
    CHECK(worst_difference(laid_out, dense) <= 1e-14);
  }
}

TEST_CASE("core.ops.f32_agrees_with_f64") {
  for (const OpCase& op_case : op_cases()) {
    CAPTURE(op_case.name);
    const auto single = forward_and_backward(op_case, make_inputs(op_case, DType::f32));
    const auto precise = forward_and_backward(op_case, make_inputs(op_case, DType::f64));
    CHECK(worst_difference(single, precise) <= 4e-6);
  }
}

TEST_CASE("core.ops.same_bits_for_any_number_of_threads") {
  const int before = num_threads();
  for (const OpCase& op_case : op_cases()) {
    CAPTURE(op_case.name);
    set_num_threads(1);
    const auto one = forward_and_backward(op_case, make_inputs(op_case, DType::f32));
    for (const int threads : {2, 4}) {
      set_num_threads(threads);
      const auto several = forward_and_backward(op_case, make_inputs(op_case, DType::f32));
      CHECK(worst_difference(several, one) == 0);
    }
  }
  set_num_threads(before);
}

}  // namespace
}  // namespace plastic::test
