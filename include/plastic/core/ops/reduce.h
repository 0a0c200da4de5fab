#pragma once

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// Sum over `axes` (all of them when empty); negative axes count from the end. Reduced axes are
/// dropped unless `keepdim`. Sums of integers, u8 too, are i64. It sums in fixed chunks, so the
/// result does not depend on the number of threads. Throws Error for an axis out of range or given
/// twice. Differentiable.
Tensor sum(const Tensor& x, const Shape& axes = {}, bool keepdim = false);

/// Mean over `axes`, as sum(). Floating point only. The mean of nothing is NaN. It is correct even
/// where the sum exceeds the dtype's range, also f64's; PyTorch's is infinite there.
Tensor mean(const Tensor& x, const Shape& axes = {}, bool keepdim = false);

/// Variance over `axes`: Σ(x - mean)² / (count - correction), where 1 is Bessel's correction and
/// PyTorch's default. NaN or infinite where count <= correction. Differentiable.
Tensor var(const Tensor& x, const Shape& axes = {}, bool keepdim = false, double correction = 1);

/// Euclidean norm over `axes`; the gradient at 0 is 0. It is correct even where squares exceed the
/// dtype's range, also f64's; PyTorch's is infinite or 0 there. Differentiable.
Tensor norm(const Tensor& x, const Shape& axes = {}, bool keepdim = false);

/// Largest element over `axes`; NaN wins. The gradient goes to the first element that has the
/// value. Throws Error when there is nothing to choose from. Differentiable.
Tensor max(const Tensor& x, const Shape& axes = {}, bool keepdim = false);
/// Smallest element over `axes`, likewise; NaN wins here too.
Tensor min(const Tensor& x, const Shape& axes = {}, bool keepdim = false);

/// Index (i64) of the largest element along `axis`, the first where several are equal; NaN counts
/// as the largest. The axis is dropped. Throws Error when the axis is empty.
Tensor argmax(const Tensor& x, std::int64_t axis);
/// Index of the smallest element, likewise; NaN counts as the smallest.
Tensor argmin(const Tensor& x, std::int64_t axis);

}  // namespace plastic

#pragma GCC visibility pop
