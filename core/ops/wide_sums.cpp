#include "core/ops/wide_sums.h"

#include <cstdint>
#include <limits>

#include "core/ops/axis.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic {

namespace {

/// a - b of an f64 and an f32 tensor, both fresh from a reduction.
Tensor difference(Tensor a, const Tensor& b) {
  if (a.device().type != DeviceType::cpu || b.dtype() != DType::f32) {
    return sub(a, b.to(DType::f64));
  }
  double* const to = a.mutable_data<double>();
  const float* const from = b.data<float>();
  for (std::int64_t i = 0, size = a.numel(); i < size; ++i) to[i] -= static_cast<double>(from[i]);
  return a;
}

}  // namespace

Tensor reduced(Reduction op, const Tensor& x, const Shape& kept, DType dtype, double divisor) {
  const Tensor results = Tensor::empty(kept, {.dtype = dtype, .device = x.device()});
  backend(x.device()).reduce(op, array_of(x), divisor, array_of(results));
  return results;
}

Tensor wide_sum(const Tensor& x, const Shape& kept) {
  return reduced(Reduction::sum, x, kept, DType::f64);
}

namespace {

/// Beside an infinite element there is nothing to be taken off. `rest` is fresh.
Tensor without_nan(Tensor rest) {
  if (rest.device().type != DeviceType::cpu) {
    return masked_fill(rest, not_equal(rest, rest), 0);
  }
  double* const to = rest.mutable_data<double>();
  for (std::int64_t i = 0, size = rest.numel(); i < size; ++i) to[i] = to[i] == to[i] ? to[i] : 0;
  return rest;
}

}  // namespace

Centred centred(const Tensor& x, const Shape& kept) {
  const NoGrad no_grad;
  const double count = reduced_count(x, kept);
  const Tensor mean = reduced(Reduction::sum, x, kept, DType::f64, count);
  const Tensor rounded = mean.to(x.dtype());
  const Tensor values = sub(x.detach(), rounded);
  if (x.dtype() == DType::f64) {
    return {values, without_nan(reduced(Reduction::sum, values, kept, DType::f64, count))};
  }
  return {values, without_nan(difference(mean, rounded))};
}

// Σ (x - mean)² = Σ values² - count·rest²
Tensor mean_square(const Centred& x, double divisor) {
  const NoGrad no_grad;
  const Shape& kept = x.rest.shape();
  const double count = reduced_count(x.values, kept);
  const double whole = divisor > 0 ? divisor : 1;
  const Tensor squares = reduced(Reduction::sum_of_squares, x.values, kept, DType::f64, whole);
  const double infinity = std::numeric_limits<double>::infinity();
  if (squares.device().type == DeviceType::cpu) {
    // One loop: as operations these would cost more than all else where there are few elements.
    Tensor mean = squares;
    double* const to = mean.mutable_data<double>();
    const double* const rest = x.rest.data<double>();
    for (std::int64_t i = 0, size = mean.numel(); i < size; ++i) {
      // The square of what is taken off may be infinite too, where the sum is.
      if (to[i] == infinity) continue;
      const double left = to[i] - rest[i] * rest[i] * (count / whole);
      to[i] = left < 0 ? 0 : left;
    }
    return divisor > 0 ? mean : div(mean, divisor);
  }
  const Tensor too_much = mul(mul(x.rest, x.rest), count / whole);
  const Tensor less = clamp(sub(squares, too_much), 0, infinity);
  // The square of what is taken off may be infinite too, where the sum is.
  const Tensor mean =
      where(equal(squares, Tensor::full({}, infinity, options_of(squares))), squares, less);
  return divisor > 0 ? mean : div(mean, divisor);
}

}  // namespace plastic
