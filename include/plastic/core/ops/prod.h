#pragma once

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// Product over `axes`, as sum() takes sums; 1 of nothing. Products of integers, u8 too, are i64;
/// those of f32 are taken in f64 and rounded once, so that only a result that f32 cannot hold
/// overflows (PyTorch's torch.prod overflows on the way). The gradient is right where elements are
/// 0. Differentiable.
Tensor prod(const Tensor& x, const Shape& axes = {}, bool keepdim = false);

}  // namespace plastic

#pragma GCC visibility pop
