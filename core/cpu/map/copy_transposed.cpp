#include "core/cpu/map/copy_transposed.h"

#include <algorithm>

#include "core/cpu/loops.h"
#include "core/tensor/dispatch.h"
#include "core/threads/parallel.h"

namespace plastic::cpu {
namespace {

/// Side of the squares that are transposed at a time: both sides' lines stay in the nearest cache.
constexpr std::int64_t side = 16;

/// in[i + j·in_stride] to out[i·out_stride + j] for rows i and columns j.
template <class T>
void transpose(const T* in, std::int64_t in_stride, T* out, std::int64_t out_stride,
               std::int64_t rows, std::int64_t columns) {
  for (std::int64_t left = 0; left < columns; left += side) {
    const std::int64_t right = std::min(left + side, columns);
    for (std::int64_t top = 0; top < rows; top += side) {
      const std::int64_t bottom = std::min(top + side, rows);
      for (std::int64_t i = top; i < bottom; ++i) {
        for (std::int64_t j = left; j < right; ++j) out[i * out_stride + j] = in[i + j * in_stride];
      }
    }
  }
}

/// Axis `dense` is the one along which `in` is dense; the last one is that of `out`.
template <class T>
void copy_planes(const Array& in, const Array& out, std::size_t dense) {
  constexpr std::int64_t rows_at_a_time = 4 * side;
  const std::size_t last = in.shape.rank() - 1;
  const std::int64_t rows = in.shape[dense];
  const std::int64_t columns = in.shape[last];
  const std::int64_t parts = (rows + rows_at_a_time - 1) / rows_at_a_time;
  const std::int64_t planes = in.numel() / (rows * columns);
  const std::int64_t grain =
      std::max<std::int64_t>(1, elementwise_grain / (std::min(rows, rows_at_a_time) * columns));
  parallel_for(0, planes * parts, grain, [&](std::int64_t first, std::int64_t end) {
    for (std::int64_t task = first; task < end; ++task) {
      std::int64_t plane = task / parts;
      const std::int64_t row = task % parts * rows_at_a_time;
      std::int64_t from = row;
      std::int64_t to = row * out.strides[dense];
      for (std::size_t axis = last; axis-- > 0;) {
        if (axis == dense) continue;
        const std::int64_t at = plane % in.shape[axis];
        plane /= in.shape[axis];
        from += at * in.strides[axis];
        to += at * out.strides[axis];
      }
      transpose(in.as<const T>() + from, in.strides[last], out.as<T>() + to, out.strides[dense],
                std::min(rows_at_a_time, rows - row), columns);
    }
  });
}

}  // namespace

bool copy_transposed(const Array& in, const Array& out) {
  if (in.dtype != out.dtype || in.numel() == 0) return false;
  Array arrays[] = {in, out};
  sort_axes(arrays);
  collapse_axes(arrays);
  const Array& from = arrays[0];
  const Array& to = arrays[1];
  const std::size_t rank = from.shape.rank();
  if (rank < 2 || to.strides.back() != 1 || from.strides.back() <= 1) return false;
  const auto found = std::find(from.strides.begin(), from.strides.end(), 1);
  if (found == from.strides.end()) return false;
  const auto dense = static_cast<std::size_t>(found - from.strides.begin());
  dispatch_stored(in.dtype, [&](auto zero) { copy_planes<decltype(zero)>(from, to, dense); });
  return true;
}

}  // namespace plastic::cpu
