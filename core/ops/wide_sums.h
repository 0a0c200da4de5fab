#pragma once

#include "core/device/backend.h"
#include "core/tensor/tensor_impl.h"

namespace plastic {

/// Backend::reduce() of x over the axes that have size 1 in `kept`, which is the result's shape.
/// Not recorded, like what follows.
Tensor reduced(Reduction op, const Tensor& x, const Shape& kept, DType dtype, double divisor = 1);

/// The same in f64.
Tensor wide_sum(const Tensor& x, const Shape& kept);

/// x less its mean, in two parts: beside a large mean, what rounding takes away from it may be as
/// large as the deviations.
struct Centred {
  /// x less the mean as x's dtype rounds it.
  Tensor values;
  /// f64: what is still to be taken off.
  Tensor rest;
};

/// x is f32 or f64.
Centred centred(const Tensor& x, const Shape& kept);

/// Σ (x - mean)² / divisor, f64. With a divisor of 0, ∞ or NaN.
Tensor mean_square(const Centred& x, double divisor);

}  // namespace plastic
