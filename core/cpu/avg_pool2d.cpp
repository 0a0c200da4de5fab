#include <algorithm>

#include "core/cpu/cpu_backend.h"
#include "core/cpu/scratch.h"
#include "core/tensor/dispatch.h"
#include "core/threads/parallel.h"

namespace plastic::cpu {
namespace {

/// The windows [begin, end) that contain a row or column of the input.
struct Holders {
  std::int64_t begin = 0, end = 0;
};

ScratchVector<Holders> holders_of(const PoolWindows& windows, std::int64_t size) {
  ScratchVector<Holders> holders(static_cast<std::size_t>(size));
  std::int64_t begin = 0;
  std::int64_t end = 0;
  const std::int64_t count = std::ssize(windows);
  for (std::int64_t at = 0; at < size; ++at) {
    while (end < count && windows[static_cast<std::size_t>(end)].begin <= at) ++end;
    while (begin < end && windows[static_cast<std::size_t>(begin)].end <= at) ++begin;
    holders[static_cast<std::size_t>(at)] = {begin, end};
  }
  return holders;
}

template <class T>
void forward(const AvgPool2dShape& s, const T* x, T* y) {
  const std::int64_t out_height = std::ssize(s.rows);
  const std::int64_t out_width = std::ssize(s.columns);
  parallel_for(0, s.batch * out_height, 1, [&](std::int64_t first, std::int64_t last) {
    ScratchVector<double> sums(static_cast<std::size_t>(s.channels));
    for (std::int64_t out_row = first; out_row < last; ++out_row) {
      const T* image = x + out_row / out_height * s.in_height * s.in_width * s.channels;
      const PoolWindow& rows = s.rows[static_cast<std::size_t>(out_row % out_height)];
      for (std::int64_t out_column = 0; out_column < out_width; ++out_column) {
        const PoolWindow& columns = s.columns[static_cast<std::size_t>(out_column)];
        std::fill(sums.begin(), sums.end(), 0);
        for (std::int64_t row = rows.begin; row < rows.end; ++row) {
          for (std::int64_t column = columns.begin; column < columns.end; ++column) {
            const T* from = image + (row * s.in_width + column) * s.channels;
            for (std::size_t c = 0; c < sums.size(); ++c) sums[c] += static_cast<double>(from[c]);
          }
        }
        const auto divisor = static_cast<double>(rows.divisor * columns.divisor);
        T* to = y + (out_row * out_width + out_column) * s.channels;
        for (std::size_t c = 0; c < sums.size(); ++c) to[c] = static_cast<T>(sums[c] / divisor);
      }
    }
  });
}

/// Each input pixel collects from the windows that hold it, so that threads never meet.
template <class T>
void backward(const AvgPool2dShape& s, const T* grad_y, T* grad_x) {
  const std::int64_t out_height = std::ssize(s.rows);
  const std::int64_t out_width = std::ssize(s.columns);
  const ScratchVector<Holders> row_holders = holders_of(s.rows, s.in_height);
  const ScratchVector<Holders> column_holders = holders_of(s.columns, s.in_width);
  parallel_for(0, s.batch * s.in_height, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t in_row = first; in_row < last; ++in_row) {
      const T* image = grad_y + in_row / s.in_height * out_height * out_width * s.channels;
      const Holders& rows = row_holders[static_cast<std::size_t>(in_row % s.in_height)];
      for (std::int64_t in_column = 0; in_column < s.in_width; ++in_column) {
        const Holders& columns = column_holders[static_cast<std::size_t>(in_column)];
        T* to = grad_x + (in_row * s.in_width + in_column) * s.channels;
        std::fill_n(to, s.channels, T{0});
        for (std::int64_t row = rows.begin; row < rows.end; ++row) {
          for (std::int64_t column = columns.begin; column < columns.end; ++column) {
            const std::int64_t divisor = s.rows[static_cast<std::size_t>(row)].divisor *
                                         s.columns[static_cast<std::size_t>(column)].divisor;
            const auto count = static_cast<T>(divisor);
            const T* from = image + (row * out_width + column) * s.channels;
            for (std::int64_t c = 0; c < s.channels; ++c) to[c] += from[c] / count;
          }
        }
      }
    }
  });
}

}  // namespace

void CpuBackend::avg_pool2d(const AvgPool2dShape& shape, const void* x, void* y) {
  dispatch_floating("avg_pool2d", shape.dtype, [&](auto zero) {
    using T = decltype(zero);
    forward(shape, static_cast<const T*>(x), static_cast<T*>(y));
  });
}

void CpuBackend::avg_pool2d_grad(const AvgPool2dShape& shape, const void* grad_y, void* grad_x) {
  dispatch_floating("avg_pool2d", shape.dtype, [&](auto zero) {
    using T = decltype(zero);
    backward(shape, static_cast<const T*>(grad_y), static_cast<T*>(grad_x));
  });
}

}  // namespace plastic::cpu
