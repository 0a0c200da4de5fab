#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "core/device/array.h"

namespace plastic::cuda {

/// Where the elements of an array are, in the form that kernels take.
struct Axes {
  unsigned rank = 0;
  std::int64_t sizes[Shape::max_rank] = {};
  std::int64_t strides[Shape::max_rank] = {};

  /// The offset of element `index`, counted in row-major order.
  __device__ std::int64_t at(std::int64_t index) const {
    std::int64_t place = 0;
    for (unsigned axis = Shape::max_rank - 1; axis > 0; --axis) {
      if (axis >= rank) continue;
      place += index % sizes[axis] * strides[axis];
      index /= sizes[axis];
    }
    return place + (rank > 0 ? index * strides[0] : 0);
  }
};

inline Axes axes_of(const Array& array) {
  Axes axes{.rank = static_cast<unsigned>(array.shape.rank())};
  for (unsigned i = 0; i < axes.rank; ++i) {
    axes.sizes[i] = array.shape[i];
    axes.strides[i] = array.strides[i];
  }
  return axes;
}

}  // namespace plastic::cuda
