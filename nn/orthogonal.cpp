#include <algorithm>

#include "core/check.h"
#include "nn/init_checks.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/matmul.h"
#include "plastic/core/ops/reduce.h"
#include "plastic/nn/init.h"

namespace plastic::nn {
namespace {

/// rows ← rows - rows·beforeᵀ·before, twice, which leaves errors of rounding only (Giraud et al.,
/// 2005): what is left is orthogonal to the orthonormal rows of `before`.
void project_out(Tensor rows, const Tensor& before) {
  if (before.size(0) == 0) return;
  for (int pass = 0; pass < 2; ++pass) {
    rows.copy_(rows - matmul(matmul(rows, before.transpose(0, 1)), before));
  }
}

/// Makes the rows of an f64 matrix, no more than its columns, orthonormal, by Gram and Schmidt in
/// blocks of rows, so that most of the work is products of matrices. The transpose's QR
/// decomposition with a positive diagonal has these rows for the columns of Q.
void orthonormalize(const Tensor& matrix) {
  constexpr std::int64_t block_rows = 32;
  const std::int64_t rows = matrix.size(0);
  for (std::int64_t first = 0; first < rows; first += block_rows) {
    const std::int64_t last = std::min(first + block_rows, rows);
    project_out(matrix.slice(0, first, last), matrix.slice(0, 0, first));
    for (std::int64_t i = first; i < last; ++i) {
      Tensor row = matrix.slice(0, i, i + 1);
      project_out(row, matrix.slice(0, first, i));
      row.copy_(div(row, norm(row)));
    }
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
