#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

// Arithmetic broadcasts by NumPy's rule. Both sides must have one dtype: throws Error naming both
// shapes or dtypes otherwise. All are differentiable for f32 and f64. Integers wrap around, as in
// PyTorch.

Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
/// Integers stay integers, for want of type promotion: their quotient is rounded toward zero
/// (PyTorch's `/` converts them). Throws Error where an integer is divided by 0, and for -2^63 /
/// -1, which i64 cannot hold; looking for these waits for a device.
Tensor div(const Tensor& a, const Tensor& b);

// With a number, which takes the tensor's dtype: throws Error if that cannot hold it.
Tensor add(const Tensor& a, Number b);
Tensor sub(const Tensor& a, Number b);
Tensor mul(const Tensor& a, Number b);
Tensor div(const Tensor& a, Number b);

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator+(const Tensor& a, Number b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, Number b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, Number b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, Number b) { return div(a, b); }
inline Tensor operator*(Number a, const Tensor& b) { return mul(b, a); }
inline Tensor operator+(Number a, const Tensor& b) { return add(b, a); }
Tensor operator-(Number a, const Tensor& b);
Tensor operator/(Number a, const Tensor& b);

// In place: see Tensor::add_().

inline Tensor& operator+=(Tensor& a, const Tensor& b) { return a.add_(b); }
inline Tensor& operator-=(Tensor& a, const Tensor& b) { return a.sub_(b); }
inline Tensor& operator*=(Tensor& a, const Tensor& b) { return a.mul_(b); }
inline Tensor& operator/=(Tensor& a, const Tensor& b) { return a.div_(b); }
inline Tensor& operator+=(Tensor& a, Number b) { return a.add_(b); }
inline Tensor& operator-=(Tensor& a, Number b) { return a.sub_(b); }
inline Tensor& operator*=(Tensor& a, Number b) { return a.mul_(b); }
inline Tensor& operator/=(Tensor& a, Number b) { return a.div_(b); }

Tensor neg(const Tensor& x);
inline Tensor operator-(const Tensor& x) { return neg(x); }
/// |x|; the gradient at 0, and at NaN as in PyTorch, is 0.
Tensor abs(const Tensor& x);
/// -1, 0 or 1; 0 for NaN, as in PyTorch. Passes no gradient on.
Tensor sign(const Tensor& x);
/// x limited to [low, high]; NaN stays. The gradient is passed on inside the range, and neither at
/// its ends nor at NaN, as in PyTorch 2.15. Throws Error unless low <= high.
Tensor clamp(const Tensor& x, Number low, Number high);

// Floating point only.

Tensor exp(const Tensor& x);
/// Natural logarithm.
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
/// 1 / √x
Tensor rsqrt(const Tensor& x);
/// x to the power of a number; 0.5 and -0.5 are sqrt() and rsqrt(), as in PyTorch. Unlike there, an
/// exponent that f32 cannot hold, such as 1/3, is not rounded for f32 tensors.
Tensor pow(const Tensor& x, double exponent);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor tanh(const Tensor& x);
/// 1 / (1 + e⁻ˣ)
Tensor sigmoid(const Tensor& x);

}  // namespace plastic
