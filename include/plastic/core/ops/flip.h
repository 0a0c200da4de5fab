#pragma once

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// x with the order of its elements reversed along `axes`, as torch.flip: a copy, like slices with
/// a negative step. Throws Error for an axis out of range or given twice. Differentiable.
Tensor flip(const Tensor& x, const Shape& axes);

}  // namespace plastic

#pragma GCC visibility pop
