#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

/// Sums `grad` over the axes along which `shape` was broadcast to grad's shape, which gives the
/// gradient of a tensor of that shape.
Tensor sum_to(const Tensor& grad, const Shape& shape);

/// The number as a tensor of rank 0 like `x`. Throws Error naming `op` where x's dtype cannot hold
/// it, and for dtypes that x's device does not compute with.
Tensor scalar_like(const char* op, const Number& number, const Tensor& x);

/// `tensor` as kernels see it when broadcast to `shape`.
struct Array expanded_array(const Tensor& tensor, const Shape& shape);

}  // namespace plastic
