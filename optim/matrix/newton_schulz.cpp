#include "optim/matrix/newton_schulz.h"

#include <algorithm>
#include <limits>

#include "plastic/core/ops/diagonal.h"
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
  // Steps multiply x from the left by polynomials of A, so several can be multiplied together and
  // applied at once: A of the next step is P·A·P. That is less work where x is much longer than A.
  const bool is_long = 2 * x.size(1) >= 3 * x.size(0);
  while (steps > 0) {
    // Rounding errors of A grow twelvefold with every step: no more than three before it is formed
    // again, and fewer first, when singular values are small.
    const int joined = !is_long ? 1 : steps % 3 == 2 ? 2 : std::min(steps, 3);
    Tensor gram = matmul(x, x.transpose(0, 1));
    Tensor product;
    for (int step = 0; step < joined; ++step) {
      Tensor polynomial = matmul(gram, gram);
      polynomial.mul_(c).add_(gram, b);
      diagonal(polynomial).add_(a);
      product = step == 0 ? polynomial : matmul(polynomial, product);
      if (step + 1 < joined) gram = matmul(matmul(polynomial, gram), polynomial);
    }
    x = matmul(product, x);
    steps -= joined;
  }
  return is_tall ? x.transpose(0, 1) : x;
}

}  // namespace plastic::optim
