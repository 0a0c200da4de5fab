#pragma once

#include <cstdint>
#include <optional>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

// Indices are i64 in [0, size of the axis): throws Error naming the first that is out of range.
// Negative axes count from the end.

/// y[..., j, ...] = x[..., index[..., j, ...], ...] along `axis`: `index` has x's rank and, except
/// along `axis`, x's sizes; the result has index's shape. Differentiable in x.
Tensor gather(const Tensor& x, std::int64_t axis, const Tensor& index);

/// A copy of x to which source[..., j, ...] is added at index[..., j, ...] along `axis`. `index`
/// and `source` have one shape, which is x's except along `axis`. Equal indices add up, in order.
/// Differentiable in x and source.
Tensor scatter_add(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source);

/// The slices of x at `index` (of rank 1) along `axis`, in that order. Differentiable in x.
Tensor index_select(const Tensor& x, std::int64_t axis, const Tensor& index);

/// The rows of `table`, (count, size), at indices of any shape: (..., size). The row `padding_idx`,
/// negative ones counting from the end, receives no gradient. Needs no memory beyond the result
/// and, in backward, the table's gradient. PyTorch's semantics. Throws Error for another table, and
/// for a padding_idx that is not a row. Differentiable in table.
Tensor embedding(const Tensor& table, const Tensor& indices,
                 std::optional<std::int64_t> padding_idx = {});

}  // namespace plastic

#pragma GCC visibility pop
