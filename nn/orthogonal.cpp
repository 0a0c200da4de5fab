#include "core/check.h"
#include "nn/init_checks.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/matmul.h"
#include "plastic/core/ops/reduce.h"
#include "plastic/nn/init.h"

namespace plastic::nn {
namespace {

/// Makes the rows of an f64 matrix, no more than its columns, orthonormal: Gram and Schmidt, each
/// row freed of those before it twice, which leaves errors of rounding only (Giraud et al., 2005).
/// The transpose's QR decomposition with a positive diagonal has these rows for the columns of Q.
void orthonormalize(const Tensor& matrix) {
  for (std::int64_t i = 0; i < matrix.size(0); ++i) {
    Tensor row = matrix.slice(0, i, i + 1);
    const Tensor before = matrix.slice(0, 0, i);
    for (int pass = 0; pass < 2 && i > 0; ++pass) {
      row.copy_(row - matmul(matmul(row, before.transpose(0, 1)), before));
    }
    row.copy_(div(row, norm(row)));
  }
}

}  // namespace

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
  const Tensor matrix = normal(wide, 0, 1, generator_or_default(generator), DType::f64);
  orthonormalize(matrix);
  const Tensor turned = rows <= columns ? matrix : matrix.transpose(0, 1);
  return mul(turned, gain).to(DType::f32).reshape(shape);
}

}  // namespace plastic::nn
