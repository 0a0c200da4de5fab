#include "optim/matrix/newton_schulz.h"

#include <limits>

#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/matmul.h"
#include "plastic/core/ops/reduce.h"

namespace plastic::optim {

Tensor newton_schulz(const Tensor& matrix, const std::array<double, 3>& coefficients, int steps,
                     double eps) {
  const auto [a, b, c] = coefficients;
  const bool is_tall = matrix.size(0) > matrix.size(1);
  Tensor x = is_tall ? matrix.transpose(0, 1) : matrix;
  x = (x / clamp(norm(x), eps, std::numeric_limits<float>::max())).contiguous();
  for (int step = 0; step < steps; ++step) {
    const Tensor gram = matmul(x, x.transpose(0, 1));
    Tensor polynomial = matmul(gram, gram);
    polynomial.mul_(c).add_(gram, b);
    Tensor next = matmul(polynomial, x);
    x = next.add_(x, a);
  }
  return is_tall ? x.transpose(0, 1) : x;
}

}  // namespace plastic::optim
