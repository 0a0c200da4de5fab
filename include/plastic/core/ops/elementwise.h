#pragma once

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// @name Arithmetic
/// @{

/// Elementwise arithmetic of two tensors, or of a tensor and a number, which takes the tensor's
/// dtype. Tensors broadcast by NumPy's rule and must have one dtype: throws Error naming both
/// shapes or dtypes otherwise, and for a number that the dtype cannot hold. Differentiable for f32
/// and f64. Integers wrap around, as in PyTorch; their quotient is that of div().
Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
/// a / b, likewise. Integers stay integers, since there is no type promotion: their quotient is
/// rounded toward zero (PyTorch's `/` converts them). Throws Error where an integer is divided by
/// 0, and for -2^63 / -1, which i64 cannot hold; the check waits for a device.
Tensor div(const Tensor& a, const Tensor& b);
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
/// @}

/// @name Arithmetic in place
/// @{

/// Writes to a: see Tensor::add_(), sub_(), mul_() and div_(). Returns a.
inline Tensor& operator+=(Tensor& a, const Tensor& b) { return a.add_(b); }
inline Tensor& operator-=(Tensor& a, const Tensor& b) { return a.sub_(b); }
inline Tensor& operator*=(Tensor& a, const Tensor& b) { return a.mul_(b); }
inline Tensor& operator/=(Tensor& a, const Tensor& b) { return a.div_(b); }
inline Tensor& operator+=(Tensor& a, Number b) { return a.add_(b); }
inline Tensor& operator-=(Tensor& a, Number b) { return a.sub_(b); }
inline Tensor& operator*=(Tensor& a, Number b) { return a.mul_(b); }
inline Tensor& operator/=(Tensor& a, Number b) { return a.div_(b); }
/// @}

/// -x; of u8, modulo 256. Differentiable.
Tensor neg(const Tensor& x);
/// neg(x)
inline Tensor operator-(const Tensor& x) { return neg(x); }
/// |x|; the gradient at 0, and at NaN as in PyTorch, is 0.
Tensor abs(const Tensor& x);
/// -1, 0 or 1; 0 for NaN, as in PyTorch. Passes on no gradient.
Tensor sign(const Tensor& x);

/// @name Rounding to whole numbers
/// The gradient is 0. Integers stay as they are.
/// @{

/// Down.
Tensor floor(const Tensor& x);
/// Up.
Tensor ceil(const Tensor& x);
/// Toward zero.
Tensor trunc(const Tensor& x);
/// To the nearest; halves to even, as in PyTorch.
Tensor round(const Tensor& x);
/// @}

/// x clamped to [low, high]; NaN stays NaN. As in PyTorch 2.15, the gradient is passed on inside
/// the range, but neither at its ends nor at NaN, and everything becomes `high` if low > high.
/// Throws Error for a limit that is NaN.
Tensor clamp(const Tensor& x, Number low, Number high);

/// The larger of two, with broadcasting; NaN wins. As in PyTorch, each gets half the gradient where
/// both are equal, and both get all of it where one is NaN. Throws Error where shapes or dtypes do
/// not fit.
Tensor maximum(const Tensor& a, const Tensor& b);
/// The smaller of two, likewise.
Tensor minimum(const Tensor& a, const Tensor& b);

/// The remainder of a / b rounded down, which has b's sign, as Python's and PyTorch's `%`. Throws
/// Error where an integer is divided by 0; the check waits for a device.
Tensor remainder(const Tensor& a, const Tensor& b);
/// The same with a number, which takes the tensor's dtype: throws Error if that cannot hold it.
Tensor remainder(const Tensor& a, Number b);
/// The remainder of a / b rounded toward zero, which has a's sign, as C's. Throws Error likewise.
Tensor fmod(const Tensor& a, const Tensor& b);
/// The same with a number, as for remainder().
Tensor fmod(const Tensor& a, Number b);

/// @name Classification
/// u8: 1 where true, else 0. They pass on no gradient. Integers are finite.
/// @{

/// Not a number.
Tensor isnan(const Tensor& x);
/// ∞ or -∞.
Tensor isinf(const Tensor& x);
/// Neither infinite nor NaN.
Tensor isfinite(const Tensor& x);
/// @}

/// @name Functions of floating-point numbers
/// Differentiable. Throw Error for integers: convert them by Tensor::to().
/// @{

/// eˣ
Tensor exp(const Tensor& x);
/// Natural logarithm.
Tensor log(const Tensor& x);
/// √x; NaN below 0.
Tensor sqrt(const Tensor& x);
/// 1 / √x
Tensor rsqrt(const Tensor& x);
/// x to the power of a number; 0.5 and -0.5 are sqrt() and rsqrt(), as in PyTorch. Unlike in
/// PyTorch, an exponent that f32 cannot hold, such as 1/3, is not rounded for f32 tensors.
Tensor pow(const Tensor& x, double exponent);
/// The error function, 2/√π · ∫ exp(-t²) dt from 0 to x.
Tensor erf(const Tensor& x);
/// a to the power of b, with broadcasting. NaN for a negative a and a b that is not an integer.
Tensor pow(const Tensor& a, const Tensor& b);
/// Sine of an angle in radians.
Tensor sin(const Tensor& x);
/// Cosine of an angle in radians.
Tensor cos(const Tensor& x);
/// Hyperbolic tangent.
Tensor tanh(const Tensor& x);
/// 1 / (1 + e⁻ˣ)
Tensor sigmoid(const Tensor& x);
/// @}

}  // namespace plastic

#pragma GCC visibility pop
