#pragma once

#include "plastic/core/ops/batch_norm.h"

namespace plastic {

/// batch_norm(), which in training also counts `batches`, i64 of rank 0, up by one; it may be
/// undefined. A device may do it with the rest, in one pass.
Tensor counted_batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                          const Tensor& running_mean, const Tensor& running_var,
                          const Tensor& batches, const BatchNormOptions& options);

}  // namespace plastic
