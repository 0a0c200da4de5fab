#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

// Along one axis, shifted by its maximum so that no exponential overflows; f32 or f64. Throws Error
// for an axis out of range. Differentiable.

/// log Σ eˣ; the axis is dropped unless `keepdim`.
Tensor logsumexp(const Tensor& x, std::int64_t axis, bool keepdim = false);
/// x - logsumexp(x)
Tensor log_softmax(const Tensor& x, std::int64_t axis);
/// eˣ / Σ eˣ
Tensor softmax(const Tensor& x, std::int64_t axis);

}  // namespace plastic
