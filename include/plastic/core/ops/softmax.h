#pragma once

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// @file
/// Shifted by the maximum so that no exponential overflows; f32 or f64, and bf16, whose results are
/// f32. Throws Error for an axis out of range or given twice; negative axes count from the end.
/// Differentiable.

/// log Σ eˣ over `axes`, all of them when empty; they are dropped unless `keepdim`. -∞ for no
/// elements. The gradient is softmax(x), and 0 where all are -∞; PyTorch's exp(x - y) rounds the
/// difference of large logits first, and is NaN where all are -∞.
Tensor logsumexp(const Tensor& x, const Shape& axes, bool keepdim = false);
/// The same over one axis.
Tensor logsumexp(const Tensor& x, std::int64_t axis, bool keepdim = false);
/// x - logsumexp(x)
Tensor log_softmax(const Tensor& x, std::int64_t axis);
/// eˣ / Σ eˣ
Tensor softmax(const Tensor& x, std::int64_t axis);

}  // namespace plastic

#pragma GCC visibility pop
