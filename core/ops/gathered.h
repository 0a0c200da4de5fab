#pragma once

#include <cstdint>
#include <vector>

#include "plastic/core/tensor.h"

namespace plastic {

// What gather() and its relatives are made of; not recorded.

/// Throws Error naming `op` unless `index` holds positions along an axis of x that is `limit` long.
void check_index(const char* op, const Tensor& x, const Tensor& index, std::int64_t limit);

/// An index of rank 1 for every line of a result of `shape` along `axis`: a view with strides of 0.
Tensor for_every_line(const Tensor& index, std::size_t axis, const Shape& shape);

/// The elements of x at `index`, which is right, along `axis`.
Tensor gathered(const Tensor& x, std::size_t axis, const Tensor& index);

/// The slices of x at `places` along `axis`, which lie in the axis; recorded under the name `op`.
Tensor picked(const char* op, const Tensor& x, std::size_t axis,
              const std::vector<std::int64_t>& places);

}  // namespace plastic
