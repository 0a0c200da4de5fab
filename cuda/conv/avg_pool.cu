// Average pooling. Each pixel of the input collects its gradient from the windows that hold it, so
// that threads never meet.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "cuda/conv/image_grid.h"
#include "cuda/runtime/cuda_backend.h"
#include "cuda/runtime/number.h"
#include "cuda/runtime/pack.h"
#include "cuda/runtime/scratch.h"

namespace plastic::cuda {
namespace {

/// Windows passed as a kernel's parameters, which are limited to 4 KB: a captured step keeps them.
struct Chunk {
  PoolWindow windows[128];
};

/// The windows of the rows, then those of the columns; a copy in device memory where they do not
/// fit into one chunk.
struct Windows {
  __device__ PoolWindow operator[](std::int64_t i) const {
    return stored == nullptr ? chunk.windows[i] : stored[i];
  }

  Chunk chunk;
  const PoolWindow* stored;
  std::int64_t rows, columns;
};

/// What else the kernels need of an AvgPool2dShape.
struct Sizes {
  std::int64_t batch, in_height, in_width, packs;
};

__global__ void store_windows(const __grid_constant__ Chunk chunk, std::int64_t count,
                              PoolWindow* stored) {
  for (std::int64_t i = threadIdx.x; i < count; i += blockDim.x) stored[i] = chunk.windows[i];
}

template <class T, unsigned width>
__global__ void __launch_bounds__(block_threads)
    average(const __grid_constant__ Windows windows, Sizes s, const T* x, T* y) {
  using In = Pack<T, width>;
  const std::int64_t pack = own_column();
  if (pack >= windows.columns * s.packs) return;
  const PoolWindow across = windows[windows.rows + pack / s.packs];
  for_each_image_row(s.batch * windows.rows, [&](std::int64_t out_row) {
    const PoolWindow down = windows[out_row % windows.rows];
    const In* image = reinterpret_cast<const In*>(x) +
                      out_row / windows.rows * s.in_height * s.in_width * s.packs + pack % s.packs;
    double sums[width] = {};
    for (std::int64_t row = down.begin; row < down.end; ++row) {
      for (std::int64_t column = across.begin; column < across.end; ++column) {
        const In from = image[(row * s.in_width + column) * s.packs];
        for (unsigned j = 0; j < width; ++j) sums[j] += static_cast<double>(widen(from.values[j]));
      }
    }
    const auto divisor = static_cast<double>(down.divisor * across.divisor);
    Pack<T, width> result;
    for (unsigned j = 0; j < width; ++j) {
      result.values[j] = narrow<T>(static_cast<computed<T>>(sums[j] / divisor));
    }
    reinterpret_cast<Pack<T, width>*>(y)[out_row * windows.columns * s.packs + pack] = result;
  });
}

struct Range {
  std::int64_t begin, end;
};

/// Those of the `count` windows from `first` on that hold `at`. Begins and ends never decrease.
__device__ Range holders_of(const Windows& windows, std::int64_t first, std::int64_t count,
                            std::int64_t at) {
  // The number of windows, from the first on, for which `is_before` holds.
  const auto count_while = [&](auto is_before) {
    std::int64_t low = 0;
    std::int64_t high = count;
    while (low < high) {
      const std::int64_t middle = (low + high) / 2;
      if (is_before(windows[first + middle])) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  };
  return {count_while([&](const PoolWindow& window) { return window.end <= at; }),
          count_while([&](const PoolWindow& window) { return window.begin <= at; })};
}

template <class T, unsigned width>
__global__ void __launch_bounds__(block_threads)
    spread(const __grid_constant__ Windows windows, Sizes s, const T* grad_y, T* grad_x) {
  const std::int64_t pack = own_column();
  if (pack >= s.in_width * s.packs) return;
  const Range across = holders_of(windows, windows.rows, windows.columns, pack / s.packs);
  for_each_image_row(s.batch * s.in_height, [&](std::int64_t in_row) {
    const Range down = holders_of(windows, 0, windows.rows, in_row % s.in_height);
    const std::int64_t image = in_row / s.in_height * windows.rows;
    computed<T> sums[width] = {};
    for (std::int64_t row = down.begin; row < down.end; ++row) {
      for (std::int64_t column = across.begin; column < across.end; ++column) {
        const std::int64_t divisor = windows[row].divisor * windows[windows.rows + column].divisor;
        const auto count = static_cast<computed<T>>(divisor);
        const std::int64_t at =
            ((image + row) * windows.columns + column) * s.packs + pack % s.packs;
        const auto g = reinterpret_cast<const Pack<T, width>*>(grad_y)[at];
        for (unsigned j = 0; j < width; ++j) sums[j] += widen(g.values[j]) / count;
      }
    }
    Pack<T, width> result;
    for (unsigned j = 0; j < width; ++j) result.values[j] = narrow<T>(sums[j]);
    reinterpret_cast<Pack<T, width>*>(grad_x)[in_row * s.in_width * s.packs + pack] = result;
  });
}

/// The windows for kernels launched while this lives.
class SentWindows {
 public:
  SentWindows(Context& context, const AvgPool2dShape& shape)
      : stored_(context, is_small(shape) ? 0 : count(shape) * sizeof(PoolWindow)) {
    PoolWindows all = shape.rows;
    all.insert(all.end(), shape.columns.begin(), shape.columns.end());
    windows_.rows = std::ssize(shape.rows);
    windows_.columns = std::ssize(shape.columns);
    windows_.stored = stored_.as<const PoolWindow>();
    constexpr std::size_t most = std::size(Chunk{}.windows);
    for (std::size_t first = 0; first < all.size(); first += most) {
      const std::size_t sent = std::min(most, all.size() - first);
      std::copy_n(all.data() + first, sent, windows_.chunk.windows);
      if (is_small(shape)) return;
      launch(context, "store_windows", store_windows, Grid{.threads = most}, windows_.chunk,
             static_cast<std::int64_t>(sent), stored_.as<PoolWindow>() + first);
    }
  }

  const Windows& get() const { return windows_; }

 private:
  static std::size_t count(const AvgPool2dShape& shape) {
    return shape.rows.size() + shape.columns.size();
  }
  static bool is_small(const AvgPool2dShape& shape) {
    return count(shape) <= std::size(Chunk{}.windows);
  }

  Scratch stored_;
  Windows windows_{};
};

Sizes sizes_of(const AvgPool2dShape& shape, std::int64_t width) {
  return {shape.batch, shape.in_height, shape.in_width, shape.channels / width};
}

/// One window an image: a sum over its pixels, for which reduce() has as many threads as it takes.
void average_whole(CudaBackend& device, const AvgPool2dShape& s, const void* x, void* y) {
  const PoolWindow& rows = s.rows[0];
  const PoolWindow& columns = s.columns[0];
  Array in{
      .dtype = s.dtype,
      .shape = {s.batch, rows.end - rows.begin, columns.end - columns.begin, s.channels},
      .strides = {s.in_height * s.in_width * s.channels, s.in_width * s.channels, s.channels, 1}};
  const std::int64_t first = (rows.begin * s.in_width + columns.begin) * s.channels;
  in.data = static_cast<std::byte*>(const_cast<void*>(x)) +
            static_cast<std::size_t>(first) * size_of(s.dtype);
  const Array out{.data = y,
                  .dtype = s.dtype,
                  .shape = {s.batch, 1, 1, s.channels},
                  .strides = {s.channels, s.channels, s.channels, 1}};
  device.reduce(Reduction::sum, in, static_cast<double>(rows.divisor * columns.divisor), out);
}

}  // namespace

void CudaBackend::avg_pool2d(const AvgPool2dShape& shape, const void* x, void* y) {
  Context& context = use();
  if (shape.rows.size() == 1 && shape.columns.size() == 1) {
    return average_whole(*this, shape, x, y);
  }
  const SentWindows windows(context, shape);
  with_real(shape.dtype, [&](auto zero) {
    using T = decltype(zero);
    const bool fits = are_aligned(x, y) && shape.channels % pack_width<T> == 0;
    with_pack_width<T>(fits, [&](auto width) {
      const Sizes sizes = sizes_of(shape, width);
      const Grid grid = image_grid(context, shape.batch * windows.get().rows,
                                   windows.get().columns * sizes.packs);
      launch(context, "avg_pool2d", average<T, width>, grid, windows.get(), sizes,
             static_cast<const T*>(x), static_cast<T*>(y));
    });
  });
}

void CudaBackend::avg_pool2d_grad(const AvgPool2dShape& shape, const void* grad_y, void* grad_x) {
  Context& context = use();
  const SentWindows windows(context, shape);
  with_real(shape.dtype, [&](auto zero) {
    using T = decltype(zero);
    const bool fits = are_aligned(grad_y, grad_x) && shape.channels % pack_width<T> == 0;
    with_pack_width<T>(fits, [&](auto width) {
      const Sizes sizes = sizes_of(shape, width);
      const Grid grid =
          image_grid(context, shape.batch * shape.in_height, shape.in_width * sizes.packs);
      launch(context, "avg_pool2d_grad", spread<T, width>, grid, windows.get(), sizes,
             static_cast<const T*>(grad_y), static_cast<T*>(grad_x));
    });
  });
}

}  // namespace plastic::cuda
