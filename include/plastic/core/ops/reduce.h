#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

/// Sum over `axes` (all of them when empty); negative axes count from the end. Reduced axes are
/// dropped unless `keepdim`. Sums in fixed chunks, so the result does not depend on the number of
/// threads. Throws Error for an axis out of range or given twice. Differentiable.
Tensor sum(const Tensor& x, const Shape& axes = {}, bool keepdim = false);

/// Mean over `axes`, as sum(). Floating point only. The mean of nothing is NaN.
Tensor mean(const Tensor& x, const Shape& axes = {}, bool keepdim = false);

/// Index (i64) of the largest element along `axis`, the first where several are equal; NaN counts
/// as largest. The axis is dropped. Throws Error when the axis is empty.
Tensor argmax(const Tensor& x, std::int64_t axis);

}  // namespace plastic
