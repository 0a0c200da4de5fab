#include "core/cpu/loops.h"

#include <algorithm>

#include "core/threads/parallel.h"

namespace plastic::cpu {
namespace {

constexpr std::size_t max_arrays = 4;

struct Walk {
  std::span<const Array> arrays;
  RunBody body;
  Shape shape;
  std::int64_t inner;
  std::int64_t inner_strides[max_arrays];

  void run(std::int64_t first, std::int64_t last) const;
};

/// The elements [first, last).
void Walk::run(std::int64_t first, std::int64_t last) const {
  const std::size_t outer_rank = shape.rank() == 0 ? 0 : shape.rank() - 1;
  while (first < last) {
    const std::int64_t column = first % inner;
    const std::int64_t count = std::min(inner - column, last - first);
    std::int64_t row = first / inner;
    std::int64_t positions[max_arrays];
    for (std::size_t i = 0; i < arrays.size(); ++i) positions[i] = column * inner_strides[i];
    for (std::size_t axis = outer_rank; axis-- > 0;) {
      const std::int64_t at = row % shape[axis];
      row /= shape[axis];
      for (std::size_t i = 0; i < arrays.size(); ++i) positions[i] += at * arrays[i].strides[axis];
    }
    std::byte* pointers[max_arrays];
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      pointers[i] = static_cast<std::byte*>(arrays[i].data) +
                    positions[i] * static_cast<std::int64_t>(size_of(arrays[i].dtype));
    }
    body(pointers, inner_strides, count);
    first += count;
  }
}

}  // namespace

void join_axes(std::span<Array> arrays) {
  const auto is_contiguous = [](const Array& array) { return array.is_contiguous(); };
  if (!std::ranges::all_of(arrays, is_contiguous)) {
    sort_axes(arrays);
    collapse_axes(arrays);
    return;
  }
  const std::int64_t total = arrays[0].shape.numel();
  for (Array& array : arrays) {
    array.shape = {total};
    array.strides = {1};
  }
}

void for_each_run(std::span<Array> arrays, RunBody body) {
  join_axes(arrays);
  const Shape& shape = arrays[0].shape;
  const std::int64_t total = shape.numel();
  if (total == 0) return;
  Walk walk{.arrays = arrays,
            .body = body,
            .shape = shape,
            .inner = shape.rank() == 0 ? 1 : shape.back(),
            .inner_strides = {}};
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    walk.inner_strides[i] = shape.rank() == 0 ? 1 : arrays[i].strides.back();
  }
  parallel_for(0, total, elementwise_grain,
               [&walk](std::int64_t first, std::int64_t last) { walk.run(first, last); });
}

}  // namespace plastic::cpu
