#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "core/cpu/conv/winograd_largest.h"
#include "core/cpu/conv/winograd_rules.h"
#include "core/cpu/conv/winograd_tiles.h"
#include "core/cpu/gemm/gemm_kernel.h"
#include "core/cpu/gemm/gemm_pack.h"
#include "core/cpu/vector.h"
#include "core/threads/parallel.h"

// Between kernels, (out, in, 3, 3), and the transformed kernels that Winograd's products read or
// that their gradients are summed in.

namespace plastic::cpu {

namespace detail {

constexpr int taps = 9;

/// Vector i holds number i of each of `rows` rows, `distance` apart, from number `at` on: as many
/// numbers as vectors. Zeros in the places of further rows, and beyond the last of `total` numbers.
template <class T>
void load_transposed(const T* numbers, std::int64_t total, std::int64_t at, std::int64_t distance,
                     std::int64_t rows, Vector<T> (&square)[vector_width<T>]) {
  for (std::int64_t k = 0; k < vector_width<T>; ++k, at += distance) {
    square[k] = k < rows ? load_some(numbers + at, total - at) : Vector<T>{};
  }
  transpose<T>(square);
}

}  // namespace detail

/// Transformed kernels in panels of out-channels: plane i is a packed (in, out) matrix. False where
/// a number is too large, or not finite: the planes are then of no use.
template <class T, int m>
bool transform_kernels(const T* kernels, std::int64_t out, std::int64_t in, T* planes) {
  using W = Winograd<m>;
  constexpr std::int64_t width = vector_width<T>;
  const std::int64_t plane = packed_size<T>(in, out);
  const std::int64_t in_blocks = (in + width - 1) / width;
  const std::int64_t out_blocks = panel_count<T>(out) * (tile_columns<T> / width);
  std::atomic<bool> is_safe = true;
  parallel_for(0, out_blocks * in_blocks, 4, [&](std::int64_t first, std::int64_t last) {
    LargestTransformed<T> largest;
    for (std::int64_t block = first; block < last; ++block) {
      const std::int64_t o = block / in_blocks * width;
      const std::int64_t c = block % in_blocks * width;
      const std::int64_t count = std::min(width, in - c);
      // Vectors along out-channels, one for each tap of each of the in-channels.
      Vector<T> numbers[detail::taps][width];
      for (std::int64_t v = 0; v * width < count * detail::taps; ++v) {
        detail::load_transposed(kernels, out * in * detail::taps,
                                (o * in + c) * detail::taps + v * width, in * detail::taps, out - o,
                                numbers[v]);
      }
      T* const to = planes + o / tile_columns<T> * tile_columns<T> * in + c * tile_columns<T> +
                    o % tile_columns<T>;
      for (std::int64_t k = 0; k < count; ++k) {
        Vector<T> taps[3][3];
        Vector<T> tile[W::tile][W::tile];
        for (int t = 0; t < detail::taps; ++t) {
          const std::int64_t number = k * detail::taps + t;
          taps[t / 3][t % 3] = numbers[number / width][number % width];
        }
        along_both_axes(taps, tile, [](const auto& g, auto& u) { W::kernel(g, u); });
        largest.add(tile);
        for (int i = 0; i < W::tile * W::tile; ++i) {
          store(to + i * plane + k * tile_columns<T>, tile[i / W::tile][i % W::tile]);
        }
      }
    }
    if (largest.exceeds(huge<T>)) is_safe = false;
  });
  return is_safe;
}

/// The same for the gradient of the input, a convolution with out- and in-channels swapped and the
/// kernels turned by half: plane i is a packed (out, in) matrix.
template <class T, int m>
bool transform_turned_kernels(const T* kernels, std::int64_t out, std::int64_t in, T* planes) {
  using W = Winograd<m>;
  constexpr std::int64_t width = vector_width<T>;
  constexpr std::int64_t squares = (detail::taps + width - 1) / width;
  const std::int64_t plane = packed_size<T>(out, in);
  std::atomic<bool> is_safe = true;
  // A panel after the other, so that each plane is written front to back.
  parallel_for(0, panel_count<T>(in) * out, 4, [&](std::int64_t first, std::int64_t last) {
    LargestTransformed<T> largest;
    for (std::int64_t row = first; row < last; ++row) {
      const std::int64_t o = row % out;
      for (std::int64_t column = 0; column < tile_columns<T>; column += width) {
        const std::int64_t c = row / out * tile_columns<T> + column;
        Vector<T> numbers[squares][width];
        for (std::int64_t v = 0; v < squares; ++v) {
          detail::load_transposed(kernels, out * in * detail::taps,
                                  (o * in + c) * detail::taps + v * width, detail::taps, in - c,
                                  numbers[v]);
        }
        Vector<T> taps[3][3];
        Vector<T> tile[W::tile][W::tile];
        for (int t = 0; t < detail::taps; ++t) {
          const int number = detail::taps - 1 - t;
          taps[t / 3][t % 3] = numbers[number / width][number % width];
        }
        along_both_axes(taps, tile, [](const auto& g, auto& u) { W::kernel(g, u); });
        largest.add(tile);
        for (int i = 0; i < W::tile * W::tile; ++i) {
          store(planes + i * plane + row * tile_columns<T> + column,
                tile[i / W::tile][i % W::tile]);
        }
      }
    }
    if (largest.exceeds(huge<T>)) is_safe = false;
  });
  return is_safe;
}

/// Gradients of transformed kernels, planes of (out, padded_in), to gradients of kernels.
template <class T, int m>
void transform_kernel_gradients(const T* planes, std::int64_t out, std::int64_t in,
                                std::int64_t padded_in, T* grad_kernels) {
  using W = Winograd<m>;
  constexpr std::int64_t width = vector_width<T>;
  parallel_for(0, out, 4, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t o = first; o < last; ++o) {
      for (std::int64_t c = 0; c < in; c += width) {
        Vector<T> tile[W::tile][W::tile];
        Vector<T> taps[3][3];
        for (int i = 0; i < W::tile * W::tile; ++i) {
          tile[i / W::tile][i % W::tile] = load(planes + (i * out + o) * padded_in + c);
        }
        along_both_axes(tile, taps, [](const auto& u, auto& g) { W::kernel_adjoint(u, g); });
        T values[detail::taps][width];
        for (int t = 0; t < detail::taps; ++t) store(values[t], taps[t / 3][t % 3]);
        T* to = grad_kernels + (o * in + c) * detail::taps;
        for (std::int64_t k = 0; k < std::min(width, in - c); ++k) {
          for (int t = 0; t < detail::taps; ++t) to[k * detail::taps + t] = values[t][k];
        }
      }
    }
  });
}

}  // namespace plastic::cpu
