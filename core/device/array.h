#pragma once

#include <cstddef>
#include <utility>

#include "plastic/core/dtype.h"
#include "plastic/core/shape.h"

namespace plastic {

/// What a kernel sees of a tensor: memory, layout and type, without ownership or autograd.
struct Array {
  void* data = nullptr;
  DType dtype = DType::f32;
  Shape shape;
  Shape strides;

  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
  std::int64_t numel() const { return shape.numel(); }
  bool is_contiguous() const;
};

/// Drops axes of size 1 of arrays of one shape, in step, and puts the others into the order in
/// which the last array lies in memory, so that a loop over any dense layout runs in order. For
/// kernels to which the axes' order means nothing.
template <std::size_t Count>
void sort_axes(Array (&arrays)[Count]) {
  const Shape full = arrays[0].shape;
  Shape order;
  for (std::size_t axis = 0; axis < full.rank(); ++axis) {
    if (full[axis] == 1) continue;
    order.push_back(static_cast<std::int64_t>(axis));
    const Shape& strides = arrays[Count - 1].strides;
    for (std::size_t at = order.rank() - 1; at > 0; --at) {
      const auto before = static_cast<std::size_t>(order[at - 1]);
      if (strides[before] >= strides[axis]) break;
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

/// An array with the axes of the others, in step: axes of size 1 dropped and neighbours joined
/// where every array allows it, so that kernels loop over as few axes as there can be. All arrays
/// have the same shape.
template <std::size_t Count>
void collapse_axes(Array (&arrays)[Count]) {
  Shape shape;
  Shape strides[Count];
  const Shape& full = arrays[0].shape;
  for (std::size_t axis = 0; axis < full.rank(); ++axis) {
    if (full[axis] == 1) continue;
    bool joins = !shape.empty();
    for (std::size_t i = 0; joins && i < Count; ++i) {
      joins = strides[i].back() == arrays[i].strides[axis] * full[axis];
    }
    if (joins) {
      shape[shape.rank() - 1] *= full[axis];
      for (std::size_t i = 0; i < Count; ++i) {
        strides[i][shape.rank() - 1] = arrays[i].strides[axis];
      }
    } else {
      shape.push_back(full[axis]);
      for (std::size_t i = 0; i < Count; ++i) strides[i].push_back(arrays[i].strides[axis]);
    }
  }
  for (std::size_t i = 0; i < Count; ++i) {
    arrays[i].shape = shape;
    arrays[i].strides = strides[i];
  }
}

}  // namespace plastic
