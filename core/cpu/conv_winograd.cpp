// Winograd's convolution in three steps: tiles are transformed into planes; in each plane a matrix
// product, tiles by channels, sums over channels; its results are transformed back. Tiles are taken
// in chunks whose planes stay in the caches.
#include "core/cpu/conv_winograd.h"

#include <algorithm>

#include "core/cpu/gemm_kernel.h"
#include "core/cpu/gemm_pack.h"
#include "core/cpu/scratch.h"
#include "core/cpu/winograd_kernels.h"
#include "core/cpu/winograd_tiles.h"
#include "core/dispatch.h"
#include "core/parallel.h"
#include "plastic/core/device.h"

namespace plastic::cpu {
namespace {

std::int64_t round_up(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

/// A convolution of images with transformed kernels.
template <class T>
struct Pass {
  std::int64_t images = 0;
  ImageSize in, out;
  std::int64_t padding[2] = {0, 0};
  const T* x = nullptr;
  /// Planes of packed (in, out) matrices.
  const T* kernels = nullptr;
  Finish<T> finish;
  T* y = nullptr;
};

/// Tiles in a chunk: their planes fit into the second cache, unless the kernels do not even fit
/// into the third, when passing over them seldom matters more.
template <class T>
std::int64_t chunk_tiles(std::int64_t planes, std::int64_t in, std::int64_t out) {
  constexpr std::int64_t second_cache = 1 << 20;
  constexpr std::int64_t third_cache = 1 << 23;
  constexpr auto bytes = static_cast<std::int64_t>(sizeof(T));
  if (planes * in * out * bytes > third_cache) return std::int64_t{8} * max_tile_rows;
  const std::int64_t tiles = second_cache / (planes * (in + out) * bytes);
  return std::clamp(tiles, std::int64_t{2} * max_tile_rows, std::int64_t{8} * max_tile_rows);
}

template <class T, int m>
void convolve(const Pass<T>& pass) {
  constexpr std::int64_t planes = Winograd<m>::tile * Winograd<m>::tile;
  const TileGrid grid(pass.images, pass.out.height, pass.out.width, m);
  const std::int64_t in = round_up(pass.in.channels, vector_width<T>);
  const std::int64_t out = round_up(pass.out.channels, vector_width<T>);
  const std::int64_t kernel_plane = packed_size<T>(pass.in.channels, pass.out.channels);
  const std::int64_t most = chunk_tiles<T>(planes, in, out);
  // As many chunks for each thread.
  const std::int64_t chunks =
      std::min(grid.count, round_up((grid.count + most - 1) / most, num_threads()));
  parallel_for(0, chunks, 1, [&](std::int64_t first_chunk, std::int64_t last_chunk) {
    const std::int64_t longest = grid.count / chunks + 1;
    const PlaneLayout inputs = PlaneLayout::rows(longest, in);
    const PlaneLayout products = PlaneLayout::rows(longest, out);
    const Scratch<T> v(planes * inputs.plane);
    const Scratch<T> p(planes * products.plane);
    for (std::int64_t chunk = first_chunk; chunk < last_chunk; ++chunk) {
      const std::int64_t first = grid.count * chunk / chunks;
      const std::int64_t last = grid.count * (chunk + 1) / chunks;
      transform_inputs<T, m>(pass.x, pass.in, pass.padding, grid, first, last, inputs, v.data());
      for (std::int64_t i = 0; i < planes; ++i) {
        for (std::int64_t o = 0; o < out; o += tile_columns<T>) {
          multiply_rows<T>({.k = pass.in.channels,
                            .a = v.data() + i * inputs.plane,
                            .a_row = in,
                            .a_k = 1,
                            .b = pass.kernels + i * kernel_plane + o * pass.in.channels,
                            .c = p.data() + i * products.plane + o,
                            .ldc = out},
                           last - first, std::min(tile_columns<T>, out - o));
        }
      }
      transform_outputs<T, m>(p.data(), products, pass.out, grid, first, last, pass.finish, pass.y);
    }
  });
}

template <class T, int m>
void forward(const Conv2dShape& s, const T* x, const T* weight, const Finish<T>& finish, T* y) {
  constexpr std::int64_t planes = Winograd<m>::tile * Winograd<m>::tile;
  const Scratch<T> kernels(planes * packed_size<T>(s.in_channels, s.out_channels));
  transform_kernels<T, m>(weight, s.out_channels, s.in_channels, kernels.data());
  convolve<T, m>({.images = s.batch,
                  .in = {s.in_height, s.in_width, s.in_channels},
                  .out = {s.out_height, s.out_width, s.out_channels},
                  .padding = {s.padding[0], s.padding[1]},
                  .x = x,
                  .kernels = kernels.data(),
                  .finish = finish,
                  .y = y});
}

/// dx is the convolution of dy, padded by 2 - padding, with the turned kernels.
template <class T, int m>
void input_grad(const Conv2dShape& s, const T* grad_y, const T* weight, T* grad_x) {
  constexpr std::int64_t planes = Winograd<m>::tile * Winograd<m>::tile;
  const Scratch<T> kernels(planes * packed_size<T>(s.out_channels, s.in_channels));
  transform_turned_kernels<T, m>(weight, s.out_channels, s.in_channels, kernels.data());
  convolve<T, m>({.images = s.batch,
                  .in = {s.out_height, s.out_width, s.out_channels},
                  .out = {s.in_height, s.in_width, s.in_channels},
                  .padding = {2 - s.padding[0], 2 - s.padding[1]},
                  .x = grad_y,
                  .kernels = kernels.data(),
                  .finish = {},
                  .y = grad_x});
}

/// In each plane, Σ over tiles of (gradient of product)ᵀ · (transformed input). Chunks of tiles are
/// fixed by the sizes, so that sums do not depend on the number of threads.
template <class T, int m>
void weight_grad(const Conv2dShape& s, const T* x, const T* grad_y, T* grad_weight) {
  constexpr std::int64_t planes = Winograd<m>::tile * Winograd<m>::tile;
  constexpr std::int64_t chunk_bytes = 16 << 20;
  constexpr std::int64_t row_block = std::int64_t{4} * max_tile_rows;
  const TileGrid grid(s.batch, s.out_height, s.out_width, m);
  const std::int64_t in = round_up(s.in_channels, tile_columns<T>);
  const std::int64_t out = round_up(s.out_channels, vector_width<T>);
  const std::int64_t most = std::max<std::int64_t>(
      64, chunk_bytes / (planes * (in + out) * static_cast<std::int64_t>(sizeof(T))));
  const std::int64_t chunks = (grid.count + most - 1) / most;
  const std::int64_t longest = (grid.count + chunks - 1) / chunks;
  const PlaneLayout inputs = PlaneLayout::panels(longest, in, tile_columns<T>);
  const PlaneLayout gradients = PlaneLayout::rows(longest, out);
  const Scratch<T> v(planes * inputs.plane);
  const Scratch<T> p(planes * gradients.plane);
  const Scratch<T> sums(planes * s.out_channels * in);
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    const std::int64_t begin = grid.count * chunk / chunks;
    const std::int64_t end = grid.count * (chunk + 1) / chunks;
    parallel_for(begin, end, 4, [&](std::int64_t first, std::int64_t last) {
      const std::int64_t t = first - begin;
      transform_inputs<T, m>(x, {s.in_height, s.in_width, s.in_channels}, s.padding, grid, first,
                             last, inputs, v.data() + t * inputs.row);
      transform_output_gradients<T, m>(grad_y, {s.out_height, s.out_width, s.out_channels}, grid,
                                       first, last, gradients, p.data() + t * gradients.row);
    });
    const std::int64_t blocks = (s.out_channels + row_block - 1) / row_block;
    parallel_for(0, planes * blocks, 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t block = first; block < last; ++block) {
        const std::int64_t i = block / blocks;
        const std::int64_t o = block % blocks * row_block;
        for (std::int64_t c = 0; c < in; c += tile_columns<T>) {
          multiply_rows<T>({.k = end - begin,
                            .a = p.data() + i * gradients.plane + o,
                            .a_row = 1,
                            .a_k = out,
                            .b = v.data() + i * inputs.plane + c / tile_columns<T> * inputs.panel,
                            .c = sums.data() + (i * s.out_channels + o) * in + c,
                            .ldc = in,
                            .accumulate = chunk > 0},
                           std::min(row_block, s.out_channels - o), tile_columns<T>);
        }
      }
    });
  }
  transform_kernel_gradients<T, m>(sums.data(), s.out_channels, s.in_channels, in, grad_weight);
}

}  // namespace

bool winograd_fits(const Conv2dShape& s) {
  const auto both = [](const std::int64_t(&pair)[2], std::int64_t low, std::int64_t high) {
    return std::min(pair[0], pair[1]) >= low && std::max(pair[0], pair[1]) <= high;
  };
  return s.kernel_height == 3 && s.kernel_width == 3 && s.groups == 1 && both(s.stride, 1, 1) &&
         both(s.dilation, 1, 1) && both(s.padding, 0, 2);
}

template <int m>
void conv_winograd(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
                   bool relu, void* y) {
  dispatch_floating("conv2d", shape.dtype, [&](auto zero) {
    using T = decltype(zero);
    forward<T, m>(shape, static_cast<const T*>(x), static_cast<const T*>(weight),
                  {.bias = static_cast<const T*>(bias), .relu = relu}, static_cast<T*>(y));
  });
}

template <int m>
void conv_winograd_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                              void* grad_x) {
  dispatch_floating("conv2d", shape.dtype, [&](auto zero) {
    using T = decltype(zero);
    input_grad<T, m>(shape, static_cast<const T*>(grad_y), static_cast<const T*>(weight),
                     static_cast<T*>(grad_x));
  });
}

template <int m>
void conv_winograd_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                               void* grad_weight) {
  dispatch_floating("conv2d", shape.dtype, [&](auto zero) {
    using T = decltype(zero);
    weight_grad<T, m>(shape, static_cast<const T*>(x), static_cast<const T*>(grad_y),
                      static_cast<T*>(grad_weight));
  });
}

template void conv_winograd<2>(const Conv2dShape&, const void*, const void*, const void*, bool,
                               void*);
template void conv_winograd<4>(const Conv2dShape&, const void*, const void*, const void*, bool,
                               void*);
template void conv_winograd_input_grad<2>(const Conv2dShape&, const void*, const void*, void*);
template void conv_winograd_input_grad<4>(const Conv2dShape&, const void*, const void*, void*);
template void conv_winograd_weight_grad<2>(const Conv2dShape&, const void*, const void*, void*);
template void conv_winograd_weight_grad<4>(const Conv2dShape&, const void*, const void*, void*);

}  // namespace plastic::cpu
