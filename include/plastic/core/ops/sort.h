#pragma once

#include <cstdint>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// Elements in order, and where along the axis they were (i64).
struct Sorted {
  /// The elements, of the input's dtype.
  Tensor values;
  /// Where each was, i64, of the same shape.
  Tensor indices;
};

/// The elements of each line along `axis`, smallest first, or largest first if `descending`. NaN
/// counts as larger than any number. Equal elements stay in order, as in PyTorch with stable=True.
/// Throws Error for an axis out of range. On a CUDA device the host finds the order, with copies
/// there and back. Differentiable: the gradient goes back to where each element was.
Sorted sort(const Tensor& x, std::int64_t axis = -1, bool descending = false);

/// The first k of sort(x, axis, largest): the k largest elements, or the k smallest. Of equal
/// elements the first are taken; PyTorch's topk leaves open which. Throws Error unless 0 <= k <=
/// the size of the axis. Differentiable.
Sorted topk(const Tensor& x, std::int64_t k, std::int64_t axis = -1, bool largest = true);

}  // namespace plastic

#pragma GCC visibility pop
