#pragma once

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// @name Comparisons
/// @{

/// Elementwise comparison of a and b, or of a and a number: u8, 1 where true, else 0. Tensors
/// broadcast by NumPy's rule and must have one dtype; a number takes the tensor's dtype.
/// Comparisons with NaN are false, except not_equal(). They pass on no gradient. Throws Error
/// naming both shapes or dtypes where they do not fit, and for a number that the dtype cannot hold.
Tensor equal(const Tensor& a, const Tensor& b);
Tensor not_equal(const Tensor& a, const Tensor& b);
Tensor less(const Tensor& a, const Tensor& b);
Tensor less_equal(const Tensor& a, const Tensor& b);
Tensor greater(const Tensor& a, const Tensor& b);
Tensor greater_equal(const Tensor& a, const Tensor& b);
Tensor equal(const Tensor& a, Number b);
Tensor not_equal(const Tensor& a, Number b);
Tensor less(const Tensor& a, Number b);
Tensor less_equal(const Tensor& a, Number b);
Tensor greater(const Tensor& a, Number b);
Tensor greater_equal(const Tensor& a, Number b);

// == and != are not defined: they would not return the bool that is expected of them.

inline Tensor operator<(const Tensor& a, const Tensor& b) { return less(a, b); }
inline Tensor operator<=(const Tensor& a, const Tensor& b) { return less_equal(a, b); }
inline Tensor operator>(const Tensor& a, const Tensor& b) { return greater(a, b); }
inline Tensor operator>=(const Tensor& a, const Tensor& b) { return greater_equal(a, b); }
inline Tensor operator<(const Tensor& a, Number b) { return less(a, b); }
inline Tensor operator<=(const Tensor& a, Number b) { return less_equal(a, b); }
inline Tensor operator>(const Tensor& a, Number b) { return greater(a, b); }
inline Tensor operator>=(const Tensor& a, Number b) { return greater_equal(a, b); }
inline Tensor operator<(Number a, const Tensor& b) { return greater(b, a); }
inline Tensor operator<=(Number a, const Tensor& b) { return greater_equal(b, a); }
inline Tensor operator>(Number a, const Tensor& b) { return less(b, a); }
inline Tensor operator>=(Number a, const Tensor& b) { return less_equal(b, a); }

/// @}

/// a where `condition` (u8) is not 0, else b; all three broadcast. Throws Error when shapes or the
/// dtypes of a and b do not fit. Differentiable in a and b.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);

/// x with `value` where `mask` (u8) is not 0; both broadcast. Throws Error when shapes do not fit,
/// or when x's dtype cannot hold the value. Differentiable in x.
Tensor masked_fill(const Tensor& x, const Tensor& mask, Number value);

}  // namespace plastic

#pragma GCC visibility pop
