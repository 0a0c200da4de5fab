#include "core/ops/wide_sums.h"

#include <limits>

#include "core/ops/axis.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/compare.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic {

Tensor reduced(Reduction op, const Tensor& x, const Shape& kept, DType dtype, double divisor) {
  const Tensor results = Tensor::empty(kept, {.dtype = dtype, .device = x.device()});
  backend(x.device()).reduce(op, array_of(x), divisor, array_of(results));
  return results;
}

Tensor wide_sum(const Tensor& x, const Shape& kept) {
  return reduced(Reduction::sum, x, kept, DType::f64);
}

namespace {

/// Beside an infinite element there is nothing to be taken off.
Tensor without_nan(const Tensor& rest) { return masked_fill(rest, not_equal(rest, rest), 0); }

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
  return {values, without_nan(sub(mean, rounded.to(DType::f64)))};
}

// Σ (x - mean)² = Σ values² - count·rest²
Tensor mean_square(const Centred& x, double divisor) {
  const NoGrad no_grad;
  const Shape& kept = x.rest.shape();
  const double count = reduced_count(x.values, kept);
  const double whole = divisor > 0 ? divisor : 1;
  const Tensor squares = reduced(Reduction::sum_of_squares, x.values, kept, DType::f64, whole);
  const Tensor too_much = mul(mul(x.rest, x.rest), count / whole);
  const double infinity = std::numeric_limits<double>::infinity();
  const Tensor less = clamp(sub(squares, too_much), 0, infinity);
  // The square of what is taken off may be infinite too, where the sum is.
  const Tensor mean =
      where(equal(squares, Tensor::full({}, infinity, options_of(squares))), squares, less);
  return divisor > 0 ? mean : div(mean, divisor);
}

}  // namespace plastic
