#include "optim/curvature/tridiagonal.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

#include "core/check.h"

namespace plastic::optim {
namespace {

constexpr int max_steps = 60;

}  // namespace

TridiagonalEigen tridiagonal_eigen(std::vector<double> diagonal, std::vector<double> beside) {
  const std::size_t n = diagonal.size();
  beside.resize(n, 0.0);
  // rows[i] belongs to diagonal[i].
  std::vector<std::vector<double>> rows(n, std::vector<double>(n, 0.0));
  for (std::size_t i = 0; i < n; ++i) rows[i][i] = 1.0;
  for (std::size_t low = 0; low < n; ++low) {
    for (int step = 0;; ++step) {
      std::size_t high = low;
      while (high + 1 < n && std::abs(beside[high]) >
                                 std::numeric_limits<double>::epsilon() *
                                     (std::abs(diagonal[high]) + std::abs(diagonal[high + 1]))) {
        ++high;
      }
      if (high == low) break;
      if (step == max_steps) fail("tridiagonal_eigen", "no convergence in ", max_steps, " steps");
      const double half = (diagonal[low + 1] - diagonal[low]) / (2.0 * beside[low]);
      const double root = std::hypot(half, 1.0);
      double g =
          diagonal[high] - diagonal[low] + beside[low] / (half + (half >= 0.0 ? root : -root));
      double sine = 1.0;
      double cosine = 1.0;
      double shift = 0.0;
      bool is_split = false;
      for (std::size_t i = high; i-- > low;) {
        const double f = sine * beside[i];
        const double b = cosine * beside[i];
        const double length = std::hypot(f, g);
        beside[i + 1] = length;
        if (length == 0.0) {
          diagonal[i + 1] -= shift;
          beside[high] = 0.0;
          is_split = true;
          break;
        }
        sine = f / length;
        cosine = g / length;
        g = diagonal[i + 1] - shift;
        const double turn = (diagonal[i] - g) * sine + 2.0 * cosine * b;
        shift = sine * turn;
        diagonal[i + 1] = g + shift;
        g = cosine * turn - b;
        for (std::size_t k = 0; k < n; ++k) {
          const double upper = rows[i + 1][k];
          rows[i + 1][k] = sine * rows[i][k] + cosine * upper;
          rows[i][k] = cosine * rows[i][k] - sine * upper;
        }
      }
      if (is_split) continue;
      diagonal[low] -= shift;
      beside[low] = g;
      beside[high] = 0.0;
    }
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return diagonal[i]; });
  TridiagonalEigen eigen;
  for (const std::size_t i : order) {
    eigen.values.push_back(diagonal[i]);
    eigen.vectors.push_back(std::move(rows[i]));
  }
  return eigen;
}

}  // namespace plastic::optim
