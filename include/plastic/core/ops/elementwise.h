#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

// Arithmetic broadcasts by NumPy's rule. Both sides must have one dtype: throws Error naming both
// shapes or dtypes otherwise. All are differentiable for f32 and f64.

Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
/// Integer division truncates.
Tensor div(const Tensor& a, const Tensor& b);

// With a number, which takes the tensor's dtype.
Tensor add(const Tensor& a, double b);
Tensor mul(const Tensor& a, double b);
Tensor div(const Tensor& a, double b);

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator+(const Tensor& a, double b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, double b) { return add(a, -b); }
inline Tensor operator*(const Tensor& a, double b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, double b) { return div(a, b); }
inline Tensor operator*(double a, const Tensor& b) { return mul(b, a); }
inline Tensor operator+(double a, const Tensor& b) { return add(b, a); }

Tensor neg(const Tensor& x);
inline Tensor operator-(const Tensor& x) { return neg(x); }
/// |x|; the gradient at 0 is 0.
Tensor abs(const Tensor& x);
/// -1, 0 or 1. Passes no gradient on.
Tensor sign(const Tensor& x);
/// x limited to [low, high]. The gradient is passed on inside and at the ends of the range. Throws
/// Error unless low <= high.
Tensor clamp(const Tensor& x, double low, double high);

// Floating point only.

Tensor exp(const Tensor& x);
/// Natural logarithm.
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
/// 1 / √x
Tensor rsqrt(const Tensor& x);
/// x to the power of a number.
Tensor pow(const Tensor& x, double exponent);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor tanh(const Tensor& x);
/// 1 / (1 + e⁻ˣ)
Tensor sigmoid(const Tensor& x);

}  // namespace plastic
