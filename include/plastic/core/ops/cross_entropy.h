#pragma once

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// Mean over the batch of -log softmax(logits)[target], fused and shifted by the row's maximum so
/// that no exponential overflows. logits (N, C) f32 or f64, or bf16, whose loss is f32,
/// targets (N) i64 in [0, C) -> scalar.
/// Throws Error when shapes or dtypes do not fit or a target is out of range; in a captured step
/// (plastic/core/recording.h), which does not wait, the loss is NaN instead. Differentiable in the
/// logits.
Tensor cross_entropy(const Tensor& logits, const Tensor& targets);

}  // namespace plastic

#pragma GCC visibility pop
