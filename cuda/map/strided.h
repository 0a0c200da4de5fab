#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/device/array.h"
#include "plastic/core/host_device.h"
#include "cuda/runtime/divide.h"

// How elementwise kernels walk arrays of any strides. The host sorts and joins axes, so that dense
// arrays of any rank become one axis, cuts what 32 bits cannot count, and decides whether threads
// handle vectors of 16 bytes.
namespace plastic::cuda {

/// Bytes that a thread reads or writes at a time.
constexpr std::size_t vector_bytes = 16;

/// Elements that a thread handles at a time where these types go together; no more than 8, lest the
/// positions of as many strided elements take too many registers.
template <class... T>
constexpr int vector_width = static_cast<int>(vector_bytes /
                                              std::max({std::size_t{2}, sizeof(T)...}));

/// A walk over `count` arrays in step, in units of elements or of vectors along the innermost axis.
template <std::size_t count>
struct Walk {
  /// Axes from the innermost out, at least one; sizes and strides of the innermost are in units.
  std::uint32_t rank = 1;
  Divisor sizes[Shape::max_rank];
  std::uint32_t strides[Shape::max_rank][count] = {};
  std::uint32_t units = 0;
  /// Whether units are vectors. Then an array's vectors are consecutive elements, but for arrays
  /// whose bit is set in `repeated`: they have one element for all of a vector.
  bool vectors = false;
  std::uint32_t repeated = 0;
  /// Elements in the last vector; the others are full.
  std::uint32_t last_elements = 0;

  /// Adds what unit i is along `axis`, and returns which one it is of the axes further out.
  PLASTIC_HOST_DEVICE std::uint32_t locate_along(std::uint32_t axis, std::uint32_t i,
                                                 std::uint32_t (&at)[count]) const {
    const std::uint32_t outer = axis + 1 < rank ? sizes[axis].divide(i) : 0;
    const std::uint32_t inner = i - outer * sizes[axis].divisor;
    for (std::size_t k = 0; k < count; ++k) at[k] += inner * strides[axis][k];
    return outer;
  }

  /// Where unit i begins in each array.
  PLASTIC_HOST_DEVICE void locate(std::uint32_t i, std::uint32_t (&at)[count]) const {
    for (std::size_t k = 0; k < count; ++k) at[k] = 0;
    for (std::uint32_t axis = 0; axis < rank; ++axis) i = locate_along(axis, i, at);
  }
};

/// The elements that an array reaches across along an axis.
inline std::int64_t reach(const Array& array, std::size_t axis) {
  return (array.shape[axis] - 1) * array.strides[axis];
}

/// Whether positions in all arrays, and their number, stay below `limit`.
template <std::size_t count>
bool fits(const Array (&arrays)[count], std::int64_t limit) {
  if (arrays[0].numel() >= limit) return false;
  for (const Array& array : arrays) {
    std::int64_t last = 0;
    for (std::size_t axis = 0; axis < array.shape.rank(); ++axis) last += reach(array, axis);
    if (last >= limit) return false;
  }
  return true;
}

/// Calls body(arrays) for parts whose positions fit below `limit` and that together are the whole.
/// Requires that no size is 0.
template <std::size_t count, class Body>
void for_each_part(const Array (&arrays)[count], std::int64_t limit, const Body& body) {
  if (fits(arrays, limit)) return body(arrays);
  // Halves the axis that reaches across the most elements.
  std::size_t longest = 0;
  std::int64_t most = -1;
  for (std::size_t axis = 0; axis < arrays[0].shape.rank(); ++axis) {
    if (arrays[0].shape[axis] == 1) continue;
    std::int64_t extent = arrays[0].shape[axis] - 1;
    for (const Array& array : arrays) extent = std::max(extent, reach(array, axis));
    if (extent > most) {
      most = extent;
      longest = axis;
    }
  }
  // A multiple of the widest vector where it can be: the second half stays aligned.
  std::int64_t half = (arrays[0].shape[longest] + 1) / 2;
  constexpr std::int64_t widest = vector_bytes;
  if (half > widest) half = half / widest * widest;
  Array front[count];
  Array back[count];
  for (std::size_t k = 0; k < count; ++k) {
    front[k] = arrays[k];
    back[k] = arrays[k];
    front[k].shape[longest] = half;
    back[k].shape[longest] -= half;
    const std::int64_t bytes = static_cast<std::int64_t>(size_of(arrays[k].dtype));
    back[k].data =
        static_cast<std::byte*>(arrays[k].data) + half * arrays[k].strides[longest] * bytes;
  }
  for_each_part(front, limit, body);
  for_each_part(back, limit, body);
}

/// Whether vectors of `width` elements along the last axis can be read and written at once.
template <std::size_t count>
bool can_use_vectors(const Array (&arrays)[count], int width) {
  const std::size_t rank = arrays[0].shape.rank();
  if (rank > 1 && arrays[0].shape.back() % width != 0) return false;
  for (const Array& array : arrays) {
    if (array.strides.back() == 0) continue;
    if (array.strides.back() != 1) return false;
    const std::size_t bytes = static_cast<std::size_t>(width) * size_of(array.dtype);
    if (reinterpret_cast<std::uintptr_t>(array.data) % bytes != 0) return false;
    for (std::size_t axis = 0; axis + 1 < rank; ++axis) {
      if (array.strides[axis] % width != 0) return false;
    }
  }
  return true;
}

/// A walk over a part, its axes sorted and joined, at least one left; the last array is written.
template <std::size_t count>
Walk<count> plan_walk(const Array (&arrays)[count], int width) {
  Walk<count> walk;
  const std::size_t rank = arrays[0].shape.rank();
  walk.rank = static_cast<std::uint32_t>(rank);
  walk.vectors = can_use_vectors(arrays, width);
  std::int64_t units = 1;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::size_t axis = rank - 1 - i;
    std::int64_t size = arrays[0].shape[axis];
    std::int64_t step = 1;
    if (i == 0 && walk.vectors) {
      step = width;
      size = (size + step - 1) / step;
    }
    units *= size;
    walk.sizes[i] = Divisor(static_cast<std::uint32_t>(size));
    for (std::size_t k = 0; k < count; ++k) {
      walk.strides[i][k] = static_cast<std::uint32_t>(arrays[k].strides[axis] * step);
    }
  }
  walk.units = static_cast<std::uint32_t>(units);
  if (walk.vectors) {
    walk.last_elements = static_cast<std::uint32_t>((arrays[0].shape.back() - 1) % width + 1);
    for (std::size_t k = 0; k < count; ++k) {
      if (arrays[k].strides.back() == 0) walk.repeated |= 1U << k;
    }
  }
  return walk;
}

/// Sorts and joins the axes; at least one is left.
template <std::size_t count>
void simplify_axes(Array (&arrays)[count]) {
  sort_axes(arrays);
  collapse_axes(arrays);
  if (arrays[0].shape.rank() > 0) return;
  for (Array& array : arrays) {
    array.shape = {1};
    array.strides = {1};
  }
}

/// Calls body(walk, part) for the walks that together cover arrays of one shape, none where there
/// is nothing to do. The last array is written; its order in memory is that of the walk.
template <std::size_t count, class Body>
void for_each_walk(Array (&arrays)[count], int width, const Body& body) {
  if (arrays[0].numel() == 0) return;
  simplify_axes(arrays);
  for_each_part(arrays, narrow_limit,
                [&](const Array(&part)[count]) { body(plan_walk(part, width), part); });
}

}  // namespace plastic::cuda
