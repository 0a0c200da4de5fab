#include <algorithm>

#include "core/check.h"
#include "nn/init_checks.h"
#include "nn/orthonormal_rows.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/nn/init.h"

namespace plastic::nn {
Tensor orthogonal(const Shape& shape, double gain, Generator* generator) {
  check_sizes("orthogonal", shape);
  check_gain("orthogonal", gain);
  if (shape.rank() < 2) {
    fail("orthogonal", "needs two axes or more, got ", to_string(shape));
  }
  const NoGrad no_grad;
  const std::int64_t rows = shape[0];
  const std::int64_t columns = shape.numel() / rows;
  const Shape wide{std::min(rows, columns), std::max(rows, columns)};
  Tensor matrix = normal(wide, 0, 1, generator_or_default(generator), DType::f64);
  orthonormalize_rows(matrix);
  const Tensor turned = rows <= columns ? matrix : matrix.transpose(0, 1);
  return mul(turned, gain).to(DType::f32).reshape(shape);
}

}  // namespace plastic::nn
