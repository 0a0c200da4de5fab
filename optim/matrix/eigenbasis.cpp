#include "optim/matrix/eigenbasis.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "core/check.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/matmul.h"
#include "plastic/core/ops/reduce.h"

namespace plastic::optim {
namespace {

/// Sums in several lanes, which compilers keep in one vector.
template <class T>
T dot(const T* a, const T* b, std::int64_t count) {
  constexpr std::int64_t lanes = 16;
  T sums[lanes] = {};
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::int64_t lane = 0; lane < lanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  T sum = 0;
  for (; i < count; ++i) sum += a[i] * b[i];
  for (const T part : sums) sum += part;
  return sum;
}

/// y ← y + factor·x.
template <class T>
void add_multiple(T* y, T factor, const T* x, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) y[i] += factor * x[i];
}

/// Turns x into v with v[0] = 1 and returns β, so that (1 - β·v·vᵀ)·x = (alpha, 0, ...). β is 0
/// where x is that already.
template <class T>
T make_reflection(T* x, std::int64_t count, T& alpha) {
  alpha = x[0];
  T largest = 0;
  for (std::int64_t i = 1; i < count; ++i) largest = std::max(largest, std::abs(x[i]));
  x[0] = 1;
  if (largest == 0) return 0;
  // Scaled, so that squares stay in range.
  largest = std::max(largest, std::abs(alpha));
  for (std::int64_t i = 1; i < count; ++i) x[i] /= largest;
  const T first = alpha / largest;
  const T length = std::sqrt(first * first + dot(x + 1, x + 1, count - 1));
  alpha = first > 0 ? -length : length;
  const T pivot = first - alpha;
  for (std::int64_t i = 1; i < count; ++i) x[i] /= pivot;
  const T beta = -pivot / alpha;
  alpha *= largest;
  return beta;
}

/// A symmetric tridiagonal matrix and the reflections that lead to it.
struct Tridiagonal {
  std::vector<double> diagonal, beside;
  std::vector<double> betas;
};

/// Row k of `a` is left holding the reflection of step k, from column k + 1 on.
Tridiagonal tridiagonalize(std::vector<double>& a, std::int64_t n) {
  Tridiagonal t;
  std::vector<double> p(static_cast<std::size_t>(n));
  for (std::int64_t k = 0; k < n; ++k) {
    t.diagonal.push_back(a[static_cast<std::size_t>(k * n + k)]);
    const std::int64_t rest = n - k - 1;
    if (rest == 0) break;
    double* v = a.data() + k * n + k + 1;
    double alpha = 0;
    const double beta = make_reflection(v, rest, alpha);
    t.beside.push_back(alpha);
    t.betas.push_back(beta);
    if (beta == 0) continue;
    // A ← A - v·wᵀ - w·vᵀ with w = p - (β/2)(p·v)·v, p = β·A·v.
    for (std::int64_t i = 0; i < rest; ++i) {
      p[static_cast<std::size_t>(i)] = beta * dot(a.data() + (k + 1 + i) * n + k + 1, v, rest);
    }
    add_multiple(p.data(), -beta / 2 * dot(p.data(), v, rest), v, rest);
    for (std::int64_t i = 0; i < rest; ++i) {
      double* row = a.data() + (k + 1 + i) * n + k + 1;
      const double vi = v[i];
      const double wi = p[static_cast<std::size_t>(i)];
      for (std::int64_t j = 0; j < rest; ++j)
        row[j] -= vi * p[static_cast<std::size_t>(j)] + wi * v[j];
    }
  }
  return t;
}

/// One implicit QR step on the block from `first` to `last`, both included; the rows of `z` turn
/// with it.
void qr_step(Tridiagonal& t, std::size_t first, std::size_t last, std::vector<double>& z,
             std::int64_t n) {
  std::vector<double>& d = t.diagonal;
  std::vector<double>& e = t.beside;
  const double half = (d[last - 1] - d[last]) / 2;
  const double square = e[last - 1] * e[last - 1];
  const double shift =
      d[last] - square / (half + std::copysign(std::hypot(half, e[last - 1]), half));
  double x = d[first] - shift;
  double y = e[first];
  for (std::size_t k = first; k < last; ++k) {
    const double r = std::hypot(x, y);
    const double c = r == 0 ? 1 : x / r;
    const double s = r == 0 ? 0 : y / r;
    if (k > first) e[k - 1] = r;
    const double upper = d[k], lower = d[k + 1], between = e[k];
    d[k] = c * c * upper + 2 * c * s * between + s * s * lower;
    d[k + 1] = s * s * upper - 2 * c * s * between + c * c * lower;
    e[k] = c * s * (lower - upper) + (c * c - s * s) * between;
    if (k + 1 < last) {
      x = e[k];
      y = s * e[k + 1];
      e[k + 1] *= c;
    }
    double* one = z.data() + static_cast<std::int64_t>(k) * n;
    double* two = one + n;
    for (std::int64_t j = 0; j < n; ++j) {
      const double old = one[j];
      one[j] = c * old + s * two[j];
      two[j] = c * two[j] - s * old;
    }
  }
}

/// Makes T diagonal; the rows of z, the identity at first, become its eigenvectors.
void diagonalize(Tridiagonal& t, std::vector<double>& z, std::int64_t n) {
  double size = 0;
  for (const double x : t.diagonal) size = std::max(size, std::abs(x));
  for (const double x : t.beside) size = std::max(size, std::abs(x));
  const double negligible = std::numeric_limits<double>::epsilon() * size;
  std::size_t last = t.diagonal.size() - 1;
  for (std::int64_t steps = 0; last > 0;) {
    if (std::abs(t.beside[last - 1]) <= negligible) {
      --last;
      continue;
    }
    std::size_t first = last - 1;
    while (first > 0 && std::abs(t.beside[first - 1]) > negligible) --first;
    qr_step(t, first, last, z, n);
    // It takes about two per eigenvalue.
    if (++steps > 100 * n) fail("eigenvectors", "no convergence for a matrix of size ", n);
  }
}

/// NaN everywhere, where an element is not finite; else undefined.
Tensor refusal(const Tensor& matrix) {
  if (std::isfinite(max(abs(matrix)).item())) return {};
  return Tensor::full(matrix.shape(), std::numeric_limits<double>::quiet_NaN(),
                      {.device = matrix.device()});
}

}  // namespace

Tensor eigenvectors(const Tensor& symmetric) {
  if (const Tensor refused = refusal(symmetric); refused.defined()) return refused;
  const std::int64_t n = symmetric.size(0);
  std::vector<double> a = symmetric.to(Device{}).to(DType::f64).to_vector<double>();
  Tridiagonal t = tridiagonalize(a, n);
  std::vector<double> z(a.size());
  for (std::int64_t i = 0; i < n; ++i) z[static_cast<std::size_t>(i * n + i)] = 1;
  diagonalize(t, z, n);

  // Eigenvectors of A are those of T after the reflections, the last one first.
  for (std::int64_t row = 0; row < n; ++row) {
    for (std::int64_t k = n - 2; k >= 0; --k) {
      const double beta = t.betas[static_cast<std::size_t>(k)];
      const double* v = a.data() + k * n + k + 1;
      double* part = z.data() + row * n + k + 1;
      const std::int64_t rest = n - k - 1;
      if (beta != 0) add_multiple(part, -beta * dot(part, v, rest), v, rest);
    }
  }
  std::vector<std::size_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return t.diagonal[i] > t.diagonal[j]; });
  std::vector<float> sorted;
  sorted.reserve(z.size());
  for (const std::size_t i : order) {
    const double* row = z.data() + static_cast<std::int64_t>(i) * n;
    for (std::int64_t j = 0; j < n; ++j) sorted.push_back(static_cast<float>(row[j]));
  }
  const Tensor rows = Tensor::from<float>(sorted, {n, n});
  return rows.transpose(0, 1).contiguous().to(symmetric.device());
}

Tensor orthonormal_columns(const Tensor& matrix) {
  if (const Tensor refused = refusal(matrix); refused.defined()) return refused;
  constexpr std::int64_t block = 32;
  const std::int64_t n = matrix.size(0);
  // By rows, which are contiguous: A's columns become the rows of `a`, then reflections.
  Tensor a = matrix.to(Device{}).transpose(0, 1).clone().contiguous();
  std::vector<Tensor> reflections, factors;
  for (std::int64_t first = 0; first < n; first += block) {
    const std::int64_t width = std::min(block, n - first);
    const std::int64_t rest = n - first;
    // v in rows, and the triangular T with H₁·H₂·... = 1 - V·T·Vᵀ.
    Tensor v = Tensor::zeros({width, rest});
    Tensor t = Tensor::zeros({width, width});
    auto* const vs = v.mutable_data<float>();
    auto* const ts = t.mutable_data<float>();
    auto* const rows = a.mutable_data<float>() + first * n + first;
    for (std::int64_t j = 0; j < width; ++j) {
      float* const vj = vs + j * rest;
      std::copy_n(rows + j * n + j, rest - j, vj + j);
      float alpha = 0;
      const float beta = make_reflection(vj + j, rest - j, alpha);
      for (std::int64_t i = j + 1; i < width; ++i) {
        float* const row = rows + i * n + j;
        add_multiple(row, -beta * dot(row, vj + j, rest - j), vj + j, rest - j);
      }
      // Column j of T: -β·T·Vᵀ·v, then β.
      std::vector<float> products(static_cast<std::size_t>(j));
      for (std::int64_t i = 0; i < j; ++i) {
        products[static_cast<std::size_t>(i)] = dot(vs + i * rest + j, vj + j, rest - j);
      }
      for (std::int64_t i = 0; i < j; ++i) {
        float sum = 0;
        for (std::int64_t k = i; k < j; ++k) {
          sum += ts[i * width + k] * products[static_cast<std::size_t>(k)];
        }
        ts[i * width + j] = -beta * sum;
      }
      ts[j * width + j] = beta;
    }
    const std::int64_t below = first + width;
    if (below < n) {
      // Aᵀ ← Aᵀ - Aᵀ·V·T·Vᵀ, for the rows that are left.
      Tensor left = a.slice(0, below, n).slice(1, first, n);
      left.sub_(matmul(matmul(matmul(left, v.transpose(0, 1)), t), v));
    }
    reflections.push_back(v);
    factors.push_back(t);
  }
  // Qᵀ ← Qᵀ - Qᵀ·V·Tᵀ·Vᵀ from the last block to the first.
  const Tensor index = Tensor::arange(n);
  Tensor q = equal(index.unsqueeze(0), index.unsqueeze(1)).to(DType::f32);
  for (std::size_t i = reflections.size(); i-- > 0;) {
    const Tensor& v = reflections[i];
    const std::int64_t first = n - v.size(1);
    Tensor part = q.slice(0, first, n).slice(1, first, n);
    part.sub_(matmul(matmul(matmul(part, v.transpose(0, 1)), factors[i].transpose(0, 1)), v));
  }
  return q.transpose(0, 1).contiguous().to(matrix.device());
}

}  // namespace plastic::optim
