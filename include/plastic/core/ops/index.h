#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

// Indices are i64 in [0, size of the axis): throws Error naming the first that is not. Negative
// axes count from the end.

/// y[..., j, ...] = x[..., index[..., j, ...], ...] along `axis`: `index` has x's rank and, but for
/// `axis`, x's sizes; the result has index's shape. Differentiable in x.
Tensor gather(const Tensor& x, std::int64_t axis, const Tensor& index);

/// A copy of x to which source[..., j, ...] is added at index[..., j, ...] along `axis`. `index`
/// and `source` have one shape, which but for `axis` is x's. Equal indices add up, in order.
/// Differentiable in x and source.
Tensor scatter_add(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source);

/// The slices of x at `index` (of rank 1) along `axis`, in that order. Differentiable in x.
Tensor index_select(const Tensor& x, std::int64_t axis, const Tensor& index);

}  // namespace plastic
