#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/cpu/conv/conv_im2row.h"
#include "core/cpu/conv/winograd_outliers.h"
#include "core/cpu/conv/winograd_tile_groups.h"
#include "core/cpu/conv/winograd_tiles.h"
#include "core/cpu/gemm/gemm_kernel.h"
#include "core/cpu/gemm/gemm_pack.h"
#include "core/cpu/scratch.h"
#include "core/cpu/widened.h"
#include "core/threads/parallel.h"
#include "plastic/core/device.h"

// A convolution with kernels that have been transformed: tiles are transformed into planes, planes
// multiplied, products transformed back; tiles with outliers are computed by im2row.

namespace plastic::cpu {

inline std::int64_t round_up(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

/// A convolution of images, stored as S, with transformed kernels.
template <class S>
struct WinogradPass {
  using T = Computed<S>;

  std::int64_t images = 0;
  ImageSize in, out;
  std::int64_t padding[2] = {0, 0};
  const S* x = nullptr;
  /// Planes of packed (in, out) matrices.
  const T* kernels = nullptr;
  /// What they were made from: (out, in, 3, 3), or (in, out, 3, 3) to be turned by half.
  const S* weight = nullptr;
  bool is_turned = false;
  Finish<T> finish;
  S* y = nullptr;
  /// Whether all threads share it, and not one of them has it.
  bool is_shared = true;
};

/// A shape of kernels of 3×3 with a stride of 1 and no padding.
template <class T>
Conv2dShape valid_shape(std::int64_t images, const ImageSize& in, const ImageSize& out) {
  return {.dtype = dtype_of<T>(),
          .batch = images,
          .in_channels = in.channels,
          .in_height = out.height + 2,
          .in_width = out.width + 2,
          .out_channels = out.channels,
          .out_height = out.height,
          .out_width = out.width,
          .kernel_height = 3,
          .kernel_width = 3};
}

/// (out, in, 3, 3) to the kernels of the gradient of the input: (in, out, 3, 3), turned by half.
template <class T>
std::vector<T> turned_by_half(const T* weight, std::int64_t out, std::int64_t in) {
  std::vector<T> kernels(static_cast<std::size_t>(out * in * 9));
  T* to = kernels.data();
  for (std::int64_t c = 0; c < in; ++c) {
    for (std::int64_t o = 0; o < out; ++o, to += 9) {
      std::reverse_copy(weight + (o * in + c) * 9, weight + (o * in + c + 1) * 9, to);
    }
  }
  return kernels;
}

/// Computes the flagged tiles as small images.
template <class S>
void redo(const WinogradPass<S>& pass, const TileGrid& grid, std::span<const std::uint8_t> flags,
          int m) {
  using T = Computed<S>;
  const std::vector<TileGroup> groups = groups_of(flags, grid, pass.out.height, pass.out.width, m);
  if (groups.empty()) return;
  const Widened<S> wide(pass.weight, pass.in.channels * pass.out.channels * 9);
  std::vector<T> turned_kernels;
  const T* weight = wide.data();
  for (const TileGroup& group : groups) {
    if (pass.is_turned && turned_kernels.empty()) {
      turned_kernels = turned_by_half(weight, pass.in.channels, pass.out.channels);
      weight = turned_kernels.data();
    }
    group.for_parts([&](std::span<const TilePlace> tiles) {
      const auto count = static_cast<std::int64_t>(tiles.size());
      const ImageSize out{group.rows, group.columns, pass.out.channels};
      const Conv2dShape shape = valid_shape<T>(count, pass.in, out);
      const Scratch<T> x(count * shape.in_height * shape.in_width * pass.in.channels);
      const Scratch<T> y(count * group.rows * group.columns * pass.out.channels);
      gather_squares(pass.x, pass.in, tiles, pass.padding, shape.in_height, shape.in_width,
                     x.data());
      conv_im2row.forward(shape, x.data(), weight, pass.finish.bias, pass.finish.relu, y.data());
      scatter_squares(y.data(), tiles, group.rows, group.columns, pass.out, pass.y);
    });
  }
}

/// Tiles in a chunk: their planes fit into half of the second cache, which two threads of a core
/// may share, unless the kernels do not even fit into the third, when passing over them seldom
/// matters more.
template <class T>
std::int64_t chunk_tiles(std::int64_t planes, std::int64_t in, std::int64_t out) {
  constexpr std::int64_t half_second_cache = 1 << 19;
  constexpr std::int64_t third_cache = 1 << 23;
  constexpr auto bytes = static_cast<std::int64_t>(sizeof(T));
  if (planes * in * out * bytes > third_cache) return std::int64_t{8} * max_tile_rows;
  const std::int64_t tiles = half_second_cache / (planes * std::max(in, out) * bytes);
  return std::clamp(tiles, std::int64_t{2} * max_tile_rows, std::int64_t{8} * max_tile_rows);
}

/// Transforms tiles [first, last) of the input into planes that begin with tile `first`, and flags
/// those with outliers.
template <class S, int m>
void transform_and_flag(const WinogradPass<S>& pass, const TileGrid& grid,
                        const OutlierSearch<S>& search, std::int64_t first, std::int64_t last,
                        const PlaneLayout& layout, Computed<S>* planes, std::uint8_t* flags) {
  using T = Computed<S>;
  transform_inputs<T, m>(
      pass.x, pass.in, pass.padding, grid, first, last, layout, planes,
      [&](std::int64_t t, const TilePlace& place, const LargestTransformed<T>& largest) {
        if (!largest.exceeds(search.limit(place.image))) return;
        flags[t] = search.template finds<Winograd<m>::tile, 3>(
            place.image, place.row - pass.padding[0], place.column - pass.padding[1],
            std::min<std::int64_t>(m, pass.out.height - place.row),
            std::min<std::int64_t>(m, pass.out.width - place.column));
      });
}

/// Threads take chunks of tiles; each reads all kernels.
template <class S, int m>
void convolve_by_tiles(const WinogradPass<S>& pass, const TileGrid& grid,
                       const OutlierSearch<S>& search, std::uint8_t* flags) {
  using T = Computed<S>;
  constexpr std::int64_t planes = Winograd<m>::tile * Winograd<m>::tile;
  const std::int64_t in = round_up(pass.in.channels, vector_width<T>);
  const std::int64_t out = round_up(pass.out.channels, vector_width<T>);
  const std::int64_t kernel_plane = packed_size<T>(pass.in.channels, pass.out.channels);
  const std::int64_t most = chunk_tiles<T>(planes, in, out);
  // Each thread gets the same number of chunks; a single thread gets few, perhaps a little longer.
  const std::int64_t chunks =
      pass.is_shared ? std::min(grid.count, round_up((grid.count + most - 1) / most, num_threads()))
                     : std::max<std::int64_t>(1, (grid.count + most / 2) / most);
  parallel_for(0, chunks, 1, [&](std::int64_t first_chunk, std::int64_t last_chunk) {
    const std::int64_t longest = grid.count / chunks + 1;
    // Products of plane i take the place of transformed tiles of plane i - 1, which are used by
    // then and still in the caches.
    const std::int64_t slot = plane_distance<T>(longest * std::max(in, out));
    const PlaneLayout inputs = PlaneLayout::rows(slot, in);
    const PlaneLayout products = PlaneLayout::rows(slot, out);
    const Scratch<T> slots((planes + 1) * slot);
    T* const p = slots.data();
    T* const v = p + slot;
    for (std::int64_t chunk = first_chunk; chunk < last_chunk; ++chunk) {
      const std::int64_t first = grid.count * chunk / chunks;
      const std::int64_t last = grid.count * (chunk + 1) / chunks;
      transform_and_flag<S, m>(pass, grid, search, first, last, inputs, v, flags);
      for (std::int64_t i = 0; i < planes; ++i) {
        for (std::int64_t o = 0; o < out; o += tile_columns<T>) {
          multiply_rows<T>({.k = pass.in.channels,
                            .a = v + i * inputs.plane,
                            .a_row = in,
                            .a_k = 1,
                            .b = pass.kernels + i * kernel_plane + o * pass.in.channels,
                            .c = p + i * products.plane + o,
                            .ldc = out},
                           last - first, std::min(tile_columns<T>, out - o));
        }
      }
      transform_outputs<T, m>(p, products, pass.out, grid, first, last, {0, pass.out.channels},
                              pass.finish, pass.y);
    }
  });
}

/// Whether to read less it is better that threads share out the kernels than the tiles: there are
/// more kernels than transformed tiles, and more than the second cache keeps.
template <class T>
bool is_for_channels(std::int64_t planes, std::int64_t tiles, std::int64_t in, std::int64_t out) {
  constexpr auto bytes = static_cast<std::int64_t>(sizeof(T));
  constexpr std::int64_t second_cache = 1 << 20;
  return tiles < out && planes * in * out * bytes > second_cache &&
         planes * tiles * in * bytes <= 2 * second_cache;
}

/// Threads take output channels; each reads its kernels, and all transformed tiles.
template <class S, int m>
void convolve_by_channels(const WinogradPass<S>& pass, const TileGrid& grid,
                          const OutlierSearch<S>& search, std::uint8_t* flags) {
  using T = Computed<S>;
  constexpr std::int64_t planes = Winograd<m>::tile * Winograd<m>::tile;
  constexpr std::int64_t width = tile_columns<T>;
  const std::int64_t in = round_up(pass.in.channels, vector_width<T>);
  const std::int64_t out = round_up(pass.out.channels, vector_width<T>);
  const std::int64_t kernel_plane = packed_size<T>(pass.in.channels, pass.out.channels);
  const PlaneLayout inputs = PlaneLayout::rows(plane_distance<T>(grid.count * in), in);
  const Scratch<T> v(planes * inputs.plane);
  parallel_for(0, grid.count, 1, [&](std::int64_t first, std::int64_t last) {
    transform_and_flag<S, m>(pass, grid, search, first, last, inputs, v.data() + first * inputs.row,
                             flags);
  });
  // Products of so many panels at a time stay in the second cache.
  const std::int64_t panel_bytes =
      planes * grid.count * width * static_cast<std::int64_t>(sizeof(T));
  const std::int64_t group = std::max<std::int64_t>(1, (1 << 20) / panel_bytes);
  parallel_for(0, panel_count<T>(out), 1, [&](std::int64_t first, std::int64_t last) {
    const std::int64_t widest = std::min(group, last - first) * width;
    const Scratch<T> p(planes * plane_distance<T>(grid.count * widest));
    for (std::int64_t panel = first; panel < last; panel += group) {
      const std::int64_t begin = panel * width;
      const std::int64_t own = std::min(std::min(panel + group, last) * width, out) - begin;
      const PlaneLayout products = PlaneLayout::rows(plane_distance<T>(grid.count * own), own);
      for (std::int64_t i = 0; i < planes; ++i) {
        for (std::int64_t o = 0; o < own; o += width) {
          multiply_rows<T>({.k = pass.in.channels,
                            .a = v.data() + i * inputs.plane,
                            .a_row = in,
                            .a_k = 1,
                            .b = pass.kernels + i * kernel_plane + (begin + o) * pass.in.channels,
                            .c = p.data() + i * products.plane + o,
                            .ldc = own},
                           grid.count, std::min(width, own - o));
        }
      }
      transform_outputs<T, m>(p.data(), products, pass.out, grid, 0, grid.count,
                              {begin, std::min(begin + own, pass.out.channels)}, pass.finish,
                              pass.y);
    }
  });
}

template <class S, int m>
void convolve(const WinogradPass<S>& pass) {
  using T = Computed<S>;
  const TileGrid grid(pass.images, pass.out.height, pass.out.width, m);
  const OutlierSearch<S> search(pass.x, pass.images, pass.in);
  ScratchVector<std::uint8_t> flags(static_cast<std::size_t>(grid.count));
  const bool by_channels = pass.is_shared && num_threads() > 1 &&
                           is_for_channels<T>(Winograd<m>::tile * Winograd<m>::tile, grid.count,
                                              pass.in.channels, pass.out.channels);
  (by_channels ? convolve_by_channels<S, m> : convolve_by_tiles<S, m>)(pass, grid, search,
                                                                       flags.data());
  redo(pass, grid, flags, m);
}

}  // namespace plastic::cpu
