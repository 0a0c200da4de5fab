#pragma once

#include <cstdint>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// The sum of the elements up to and including each one along `axis`, as torch.cumsum. Sums of
/// integers, u8 too, are i64. Those of f32 are kept in f64 and rounded once per element, those of
/// f64 with what additions round away. Throws Error for an axis out of range. On a CUDA device the
/// host computes it, with copies there and back. Differentiable.
Tensor cumsum(const Tensor& x, std::int64_t axis);

}  // namespace plastic

#pragma GCC visibility pop
