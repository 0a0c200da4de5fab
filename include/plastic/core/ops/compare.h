#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

// Comparisons broadcast like arithmetic and give u8: 1 where true, else 0. Comparisons with NaN are
// false but for not_equal. They pass no gradient on.

Tensor equal(const Tensor& a, const Tensor& b);
Tensor not_equal(const Tensor& a, const Tensor& b);
Tensor less(const Tensor& a, const Tensor& b);
Tensor less_equal(const Tensor& a, const Tensor& b);
Tensor greater(const Tensor& a, const Tensor& b);
Tensor greater_equal(const Tensor& a, const Tensor& b);

/// a where `condition` (u8) is not 0, else b; all three broadcast. Throws Error when shapes or the
/// dtypes of a and b do not fit. Differentiable in a and b.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);

/// x with `value` where `mask` (u8) is not 0; both broadcast. Throws Error when shapes do not fit,
/// or when x's dtype cannot hold the value. Differentiable in x.
Tensor masked_fill(const Tensor& x, const Tensor& mask, Number value);

}  // namespace plastic
