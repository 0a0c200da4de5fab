#include "core/device/array.h"

#include <cstddef>
#include <utility>

namespace plastic {

void sort_axes(std::span<Array> arrays) {
  const Shape full = arrays[0].shape;
  const Shape of_last = arrays.back().strides;
  Shape order;
  for (std::size_t axis = 0; axis < full.rank(); ++axis) {
    if (full[axis] == 1) continue;
    order.push_back(static_cast<std::int64_t>(axis));
    for (std::size_t at = order.rank() - 1; at > 0; --at) {
      const auto before = static_cast<std::size_t>(order[at - 1]);
      if (of_last[before] >= of_last[axis]) break;
      std::swap(order[at - 1], order[at]);
    }
  }
  for (Array& array : arrays) {
    Shape shape;
    Shape strides;
    for (const std::int64_t axis : order) {
      shape.push_back(array.shape[static_cast<std::size_t>(axis)]);
      strides.push_back(array.strides[static_cast<std::size_t>(axis)]);
    }
    array.shape = shape;
    array.strides = strides;
  }
}

void collapse_axes(std::span<Array> arrays) {
  const Shape full = arrays[0].shape;
  // An axis is written where it or an earlier one was read.
  std::size_t rank = 0;
  for (std::size_t axis = 0; axis < full.rank(); ++axis) {
    if (full[axis] == 1) continue;
    bool joins = rank > 0;
    for (std::size_t i = 0; joins && i < arrays.size(); ++i) {
      const Shape& strides = arrays[i].strides;
      joins = strides[rank - 1] == strides[axis] * full[axis];
    }
    if (!joins) ++rank;
    for (Array& array : arrays) {
      array.strides[rank - 1] = array.strides[axis];
      array.shape[rank - 1] = joins ? array.shape[rank - 1] * full[axis] : full[axis];
    }
  }
  for (Array& array : arrays) {
    array.shape = Shape(std::span(array.shape.begin(), rank));
    array.strides = Shape(std::span(array.strides.begin(), rank));
  }
}

}  // namespace plastic
