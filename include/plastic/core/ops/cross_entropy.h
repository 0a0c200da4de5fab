#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

/// Mean over the batch of -log softmax(logits)[target], fused and shifted by the row's maximum so
/// that no exponential overflows. logits (N, C) f32 or f64, targets (N) i64 in [0, C) -> scalar.
/// Throws Error when shapes or dtypes do not fit or a target is out of range. Differentiable in
/// the logits.
Tensor cross_entropy(const Tensor& logits, const Tensor& targets);

}  // namespace plastic
