#pragma once

#include <cstdint>
#include <span>

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
void sort_axes(std::span<Array> arrays);

/// An array with the axes of the others, in step: axes of size 1 dropped and neighbours joined
/// where every array allows it, so that kernels loop over as few axes as there can be. All arrays
/// have the same shape.
void collapse_axes(std::span<Array> arrays);

}  // namespace plastic
