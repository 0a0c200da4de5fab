#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/device/array.h"
#include "core/threads/parallel.h"

/// Before a loop over elements that writes in place or elsewhere, but never to an element that a
/// later turn reads: without it, g++ does not make vectors of a loop in place.
#if defined(__GNUC__) && !defined(__clang__)
#define PLASTIC_INDEPENDENT _Pragma("GCC ivdep")
#else
#define PLASTIC_INDEPENDENT
#endif

namespace plastic::cpu {

/// Elements below which a loop is not worth a second thread.
constexpr std::int64_t elementwise_grain = 8192;

/// sort_axes() and collapse_axes(), quickly where they are one run in the same order.
template <std::size_t Count>
void join_axes(Array (&arrays)[Count]) {
  const Shape& shape = arrays[0].shape;
  if (std::all_of(arrays, arrays + Count, [](const Array& a) { return a.is_contiguous(); })) {
    const std::int64_t total = shape.numel();
    for (Array& array : arrays) {
      array.shape = {total};
      array.strides = {1};
    }
    return;
  }
  sort_axes(arrays);
  collapse_axes(arrays);
}

/// Walks arrays of one shape in step, in the order in which the last one lies in memory, on all
/// threads. body(pointers, strides, count) is called for runs of `count` elements along one axis;
/// pointers are to the first element of each array, counted in bytes, and strides are in elements.
template <std::size_t Count, class Body>
void for_each_run(Array (&arrays)[Count], Body&& body) {
  join_axes(arrays);
  const Shape shape = arrays[0].shape;
  const std::int64_t total = shape.numel();
  if (total == 0) return;
  const std::size_t outer_rank = shape.rank() == 0 ? 0 : shape.rank() - 1;
  const std::int64_t inner = shape.rank() == 0 ? 1 : shape.back();
  std::int64_t inner_strides[Count];
  for (std::size_t i = 0; i < Count; ++i) {
    inner_strides[i] = shape.rank() == 0 ? 1 : arrays[i].strides.back();
  }
  parallel_for(0, total, elementwise_grain, [&](std::int64_t first, std::int64_t last) {
    while (first < last) {
      const std::int64_t column = first % inner;
      const std::int64_t count = std::min(inner - column, last - first);
      std::int64_t row = first / inner;
      std::byte* pointers[Count];
      std::int64_t positions[Count];
      for (std::size_t i = 0; i < Count; ++i) positions[i] = column * inner_strides[i];
      for (std::size_t axis = outer_rank; axis-- > 0;) {
        const std::int64_t at = row % shape[axis];
        row /= shape[axis];
        for (std::size_t i = 0; i < Count; ++i) positions[i] += at * arrays[i].strides[axis];
      }
      for (std::size_t i = 0; i < Count; ++i) {
        pointers[i] = static_cast<std::byte*>(arrays[i].data) +
                      positions[i] * static_cast<std::int64_t>(size_of(arrays[i].dtype));
      }
      body(pointers, inner_strides, count);
      first += count;
    }
  });
}

}  // namespace plastic::cpu
