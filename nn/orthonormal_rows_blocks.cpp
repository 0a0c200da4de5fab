#include <algorithm>

#include "nn/orthonormal_rows.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/matmul.h"
#include "plastic/core/ops/reduce.h"

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

}  // namespace

// By Gram and Schmidt in blocks of rows, so that most of the work is products of matrices.
void orthonormalize_rows(Tensor& matrix) {
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

}  // namespace plastic::nn
