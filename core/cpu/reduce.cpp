#include <algorithm>
#include <cmath>
#include <vector>

#include "core/cpu/column_sums.h"
#include "core/cpu/kernels.h"
#include "core/cpu/loops.h"
#include "core/dispatch.h"

namespace plastic::cpu {
namespace {

/// What sums are kept in: wide enough that the only rounding that shows is the last.
template <class T>
using Accumulator = std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>;

/// Sum of `count` dense elements, in an order fixed by `count`.
template <class T>
Accumulator<T> sum_dense(const T* x, std::int64_t count) {
  constexpr std::int64_t lanes = 16;
  Accumulator<T> lane[lanes] = {};
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::int64_t j = 0; j < lanes; ++j) lane[j] += static_cast<Accumulator<T>>(x[i + j]);
  }
  Accumulator<T> total = 0;
  for (const Accumulator<T> value : lane) total += value;
  for (; i < count; ++i) total += static_cast<Accumulator<T>>(x[i]);
  return total;
}

/// Sums dense runs of one row of the result: fixed chunks on all threads, joined in order.
template <class T>
Accumulator<T> sum_long(const T* x, std::int64_t count) {
  const std::int64_t chunks = chunk_count(count);
  if (chunks <= 1) return sum_dense(x, count);
  std::vector<Accumulator<T>> partial(static_cast<std::size_t>(chunks));
  parallel_for(0, chunks, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t c = first; c < last; ++c) {
      const std::int64_t begin = c * reduction_chunk;
      partial[static_cast<std::size_t>(c)] =
          sum_dense(x + begin, std::min(reduction_chunk, count - begin));
    }
  });
  Accumulator<T> total = 0;
  for (const Accumulator<T> value : partial) total += value;
  return total;
}

template <class T>
T scaled(Accumulator<T> sum, double scale) {
  if constexpr (std::is_floating_point_v<T>) return static_cast<T>(sum * scale);
  return static_cast<T>(sum);
}

/// The axes of a reduction in the order kept..., reduced...
struct Layout {
  Array kept;
  Array reduced;
  Shape out_strides;
};

Layout split_axes(const Array& in, const Array& out) {
  Layout layout;
  for (std::size_t axis = 0; axis < in.shape.rank(); ++axis) {
    if (in.shape[axis] == 1) continue;
    const bool is_reduced = out.shape[axis] == 1;
    Array& side = is_reduced ? layout.reduced : layout.kept;
    side.shape.push_back(in.shape[axis]);
    side.strides.push_back(in.strides[axis]);
    if (!is_reduced) layout.out_strides.push_back(out.strides[axis]);
  }
  return layout;
}

std::int64_t position(const Shape& shape, const Shape& strides, std::int64_t index) {
  std::int64_t at = 0;
  for (std::size_t axis = shape.rank(); axis-- > 0;) {
    at += index % shape[axis] * strides[axis];
    index /= shape[axis];
  }
  return at;
}

/// Adds rows [first, last) of a matrix of `columns` columns to `sums`.
template <class T>
void add_rows(const T* x, std::int64_t first, std::int64_t last, std::int64_t row_stride,
              std::int64_t columns, Accumulator<T>* sums) {
  using Sum = Accumulator<T>;
  std::int64_t row = first;
  for (; row + 4 <= last; row += 4) {
    const T* a = x + row * row_stride;
    const T* b = a + row_stride;
    const T* c = b + row_stride;
    const T* d = c + row_stride;
    for (std::int64_t j = 0; j < columns; ++j) {
      sums[j] += (static_cast<Sum>(a[j]) + static_cast<Sum>(b[j])) +
                 (static_cast<Sum>(c[j]) + static_cast<Sum>(d[j]));
    }
  }
  for (; row < last; ++row) {
    const T* from = x + row * row_stride;
    for (std::int64_t j = 0; j < columns; ++j) sums[j] += static_cast<Sum>(from[j]);
  }
}

/// Sum over leading axes of dense rows (count, columns): adds row after row, which keeps memory in
/// order. Threads share the rows, or the columns where there are so many that sums of several
/// chunks of rows would take too much memory.
template <class T>
void sum_rows(const T* x, std::int64_t count, std::int64_t row_stride, std::int64_t columns,
              double scale, T* y) {
  using Sum = Accumulator<T>;
  constexpr std::int64_t many_columns = 4096;
  const auto write = [&](const std::vector<Sum>& total, std::int64_t first) {
    for (std::size_t j = 0; j < total.size(); ++j) {
      y[first + static_cast<std::int64_t>(j)] = scaled<T>(total[j], scale);
    }
  };
  if (columns < many_columns) {
    const auto add = [=](std::int64_t first, std::int64_t last, Sum* sums) {
      add_rows(x, first, last, row_stride, columns, sums);
    };
    return write(sum_over_rows<Sum>(count, columns, columns, add), 0);
  }
  parallel_for(0, columns, many_columns / 4, [&](std::int64_t first, std::int64_t last) {
    std::vector<Sum> total(static_cast<std::size_t>(last - first));
    add_rows(x + first, 0, count, row_stride, last - first, total.data());
    write(total, first);
  });
}

template <class T>
void sum(const Array& in, double scale, const Array& out) {
  const T* x = in.as<T>();
  T* y = out.as<T>();
  Layout layout = split_axes(in, out);
  Array reduced[] = {layout.reduced};
  sort_axes(reduced);
  collapse_axes(reduced);
  const Shape& run_shape = reduced[0].shape;
  const Shape& run_strides = reduced[0].strides;
  const std::int64_t kept = layout.kept.numel();
  const std::int64_t count = run_shape.numel();

  if (layout.kept.shape.rank() == 1 && layout.kept.strides[0] == 1 && layout.out_strides[0] == 1 &&
      run_shape.rank() == 1) {
    return sum_rows(x, count, run_strides[0], kept, scale, y);
  }
  // Summed along one axis at a time, dense where there is such an axis.
  const std::int64_t run = run_shape.rank() == 0 ? 1 : run_shape.back();
  const bool dense = run_shape.rank() == 0 || run_strides.back() == 1;
  if (dense && kept == 1 && run == count) {
    y[0] = scaled<T>(sum_long(x, count), scale);
    return;
  }
  const std::int64_t grain =
      std::max<std::int64_t>(1, elementwise_grain / std::max<std::int64_t>(count, 1));
  parallel_for(0, kept, grain, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const T* from = x + position(layout.kept.shape, layout.kept.strides, i);
      Accumulator<T> total = 0;
      if (dense) {
        for (std::int64_t j = 0; j < count; j += run) {
          total += sum_dense(from + position(run_shape, run_strides, j), run);
        }
      } else {
        for (std::int64_t j = 0; j < count; ++j) {
          total += static_cast<Accumulator<T>>(from[position(run_shape, run_strides, j)]);
        }
      }
      y[position(layout.kept.shape, layout.out_strides, i)] = scaled<T>(total, scale);
    }
  });
}

template <class T>
bool is_better(Extreme which, T candidate, T best) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(best)) return false;
    if (std::isnan(candidate)) return true;
  }
  return which == Extreme::largest ? candidate > best : candidate < best;
}

}  // namespace

void reduce(Reduction op, const Array& in, double scale, const Array& out) {
  switch (op) {
    case Reduction::sum:
      dispatch("sum", in.dtype, [&](auto zero) { sum<decltype(zero)>(in, scale, out); });
  }
}

void arg_extreme(Extreme which, const Array& in, const Array& out) {
  const std::int64_t count = in.shape[1];
  const std::int64_t inner = in.shape[2];
  dispatch("arg_extreme", in.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* x = in.as<T>();
    std::int64_t* y = out.as<std::int64_t>();
    const std::int64_t grain = std::max<std::int64_t>(1, elementwise_grain / count);
    parallel_for(0, in.shape[0] * inner, grain, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) {
        const T* from = x + i / inner * count * inner + i % inner;
        std::int64_t best = 0;
        for (std::int64_t j = 1; j < count; ++j) {
          if (is_better(which, from[j * inner], from[best * inner])) best = j;
        }
        y[i] = best;
      }
    });
  });
}

}  // namespace plastic::cpu
