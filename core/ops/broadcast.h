#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

/// Sums `grad` over the axes along which `shape` was broadcast to grad's shape, which gives the
/// gradient of a tensor of that shape.
Tensor sum_to(const Tensor& grad, const Shape& shape);

/// `tensor` as kernels see it when broadcast to `shape`.
struct Array expanded_array(const Tensor& tensor, const Shape& shape);

}  // namespace plastic
