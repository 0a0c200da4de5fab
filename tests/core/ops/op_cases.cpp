#include "tests/core/ops/op_cases.h"

#include <doctest/doctest.h>

#include <cmath>

#include "plastic/core/random.h"

namespace plastic::test {

std::vector<OpCase> op_cases() {
  std::vector<OpCase> cases;
  add_elementwise_cases(cases);
  add_shape_cases(cases);
  add_sum_cases(cases);
  add_conv_cases(cases);
  add_norm_cases(cases);
  add_pool_cases(cases);
  return cases;
}

std::vector<Tensor> make_inputs(const OpCase& op_case, DType dtype, bool dense) {
  std::vector<Tensor> tensors;
  Generator generator{.seed = 3};
  for (const OpInput& input : op_case.inputs) {
    const Tensor values =
        uniform(input.shape, input.low, input.high, generator, DType::f64).to(dtype);
    Tensor laid_out = values;
    const std::int64_t rank = values.rank();
    if (!dense && input.layout == Layout::permuted && rank > 0) {
      Shape reversed;
      for (std::int64_t axis = rank; axis-- > 0;) reversed.push_back(axis);
      laid_out = values.permute(reversed).contiguous().permute(reversed);
    } else if (!dense && input.layout == Layout::channels_last) {
      laid_out = values.permute({0, 2, 3, 1}).contiguous().permute({0, 3, 1, 2});
    } else if (!dense && input.layout == Layout::strided && rank > 0) {
      Shape longer = input.shape;
      longer[longer.rank() - 1] *= 2;
      laid_out = Tensor::zeros(longer, {.dtype = dtype}).slice(-1, 0, longer.back(), 2);
      laid_out.copy_(values);
    }
    tensors.push_back(laid_out.set_requires_grad());
  }
  return tensors;
}

double worst_difference(const std::vector<std::vector<double>>& a,
                        const std::vector<std::vector<double>>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    REQUIRE(a[i].size() == b[i].size());
    for (std::size_t j = 0; j < a[i].size(); ++j) {
      const double difference = std::abs(a[i][j] - b[i][j]) / (1 + std::abs(b[i][j]));
      if (!(difference <= worst)) worst = difference;
    }
  }
  return worst;
}

}  // namespace plastic::test
