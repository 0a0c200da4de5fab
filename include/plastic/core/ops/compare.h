#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

// Comparisons broadcast like arithmetic and return u8: 1 where true, else 0. Comparisons with NaN
// are false, except not_equal(). They pass on no gradient.

Tensor equal(const Tensor& a, const Tensor& b);
Tensor not_equal(const Tensor& a, const Tensor& b);
Tensor less(const Tensor& a, const Tensor& b);
Tensor less_equal(const Tensor& a, const Tensor& b);
Tensor greater(const Tensor& a, const Tensor& b);
Tensor greater_equal(const Tensor& a, const Tensor& b);

// With a number, which takes the tensor's dtype: throws Error if that cannot hold it.
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

/// a where `condition` (u8) is not 0, else b; all three broadcast. Throws Error when shapes or the
/// dtypes of a and b do not fit. Differentiable in a and b.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);

/// x with `value` where `mask` (u8) is not 0; both broadcast. Throws Error when shapes do not fit,
/// or when x's dtype cannot hold the value. Differentiable in x.
Tensor masked_fill(const Tensor& x, const Tensor& mask, Number value);

}  // namespace plastic
