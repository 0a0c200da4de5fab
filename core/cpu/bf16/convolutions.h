#pragma once

#include <cstdint>
#include <vector>

#include "core/cpu/bf16/image_product.h"
#include "core/cpu/bf16/patches.h"
#include "core/cpu/bf16/product.h"
#include "core/cpu/bf16/result_row.h"
#include "core/cpu/conv/conv_group.h"
#include "core/cpu/widened.h"
#include "core/device/conv2d_shape.h"
#include "core/threads/parallel.h"

// The three passes of a convolution as products of bf16 with the taps of images, one group of
// channels after the other. The contracts are Backend's.

namespace plastic::cpu {

namespace detail {

/// What outputs are sums over, a row for each.
inline TapMatrix input_taps(const Conv2dShape& s, const ConvGroup& g, const bfloat16* x) {
  TapMatrix matrix{.images = x,
                   .height = s.in_height,
                   .width = s.in_width,
                   .pixel_channels = s.in_channels,
                   .channels = g.in,
                   .first_channel = g.first_in,
                   .grid_height = s.out_height,
                   .grid_width = s.out_width,
                   .step = {s.stride[0], s.stride[1]},
                   .taps = {}};
  for (std::int64_t i = 0; i < s.kernel_height; ++i) {
    for (std::int64_t j = 0; j < s.kernel_width; ++j) {
      matrix.taps.push_back({i * s.dilation[0] - s.padding[0], j * s.dilation[1] - s.padding[1]});
    }
  }
  return matrix;
}

/// Pixels of the input whose rows and columns leave the same rest when divided by the strides: the
/// same taps of the kernel reach them, from neighbouring outputs.
struct InputPhase {
  std::int64_t row = 0, column = 0;
  /// What the gradients of these pixels are sums over, a row for each.
  TapMatrix outputs;
  /// Which of the kernel's taps these are.
  std::vector<std::int64_t> kernel_taps;
};

inline InputPhase input_phase(const Conv2dShape& s, const ConvGroup& g, const bfloat16* grad_y,
                              std::int64_t row, std::int64_t column) {
  InputPhase phase{.row = row,
                   .column = column,
                   .outputs = {.images = grad_y,
                               .height = s.out_height,
                               .width = s.out_width,
                               .pixel_channels = s.out_channels,
                               .channels = g.out,
                               .first_channel = g.first_out,
                               .grid_height = (s.in_height - row + s.stride[0] - 1) / s.stride[0],
                               .grid_width = (s.in_width - column + s.stride[1] - 1) / s.stride[1],
                               .taps = {}},
                   .kernel_taps = {}};
  // Output (row + padding - tap · dilation) / stride, of those that there are.
  for (std::int64_t i = 0; i < s.kernel_height; ++i) {
    const std::int64_t of_row = row + s.padding[0] - i * s.dilation[0];
    if (of_row % s.stride[0] != 0) continue;
    for (std::int64_t j = 0; j < s.kernel_width; ++j) {
      const std::int64_t of_column = column + s.padding[1] - j * s.dilation[1];
      if (of_column % s.stride[1] != 0) continue;
      phase.outputs.taps.push_back({of_row / s.stride[0], of_column / s.stride[1]});
      phase.kernel_taps.push_back(i * s.kernel_width + j);
    }
  }
  return phase;
}

/// The product of what the taps read with B.
template <class Kernel, class B, class Store>
void multiply_taps(const TapMatrix& taps, std::int64_t images, std::int64_t n, const B& b,
                   const Store& store) {
  if (fits_images<Kernel>(taps, n)) return multiply_images<Kernel>(taps, images, n, b, store);
  multiply<Kernel>(images * taps.grid_height * taps.grid_width, n, taps.columns(), TapRows{taps}, b,
                   store);
}

}  // namespace detail

template <class Kernel>
void conv2d_by_products(const Conv2dShape& s, const bfloat16* x, const bfloat16* weight,
                        const bfloat16* bias, bool relu, bfloat16* y) {
  for (std::int64_t index = 0; index < s.groups; ++index) {
    const ConvGroup g(s, index);
    const TapMatrix taps = detail::input_taps(s, g, x);
    const std::int64_t k = taps.columns();
    // The kernels, channels innermost.
    const Scratch<bfloat16> kernels(g.out * k);
    parallel_for(0, g.out, 16, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t o = first; o < last; ++o) {
        const bfloat16* from = weight + (g.first_out + o) * k;
        bfloat16* to = kernels.data() + o * k;
        for (std::int64_t t = 0; t < g.taps; ++t) {
          for (std::int64_t c = 0; c < g.in; ++c) *to++ = from[c * g.taps + t];
        }
      }
    });
    const Widened<bfloat16> wide(bias == nullptr ? nullptr : bias + g.first_out, g.out);
    detail::multiply_taps<Kernel>(
        taps, s.batch, g.out, LinesAlongK{kernels.data(), k},
        [&](std::int64_t row, std::int64_t column, std::int64_t count, float* sums) {
          finish_row(wide.at(column), relu, count, sums);
          round_row(sums, count, y + row * s.out_channels + g.first_out + column);
        });
  }
}

template <class Kernel>
void conv2d_input_grad_by_products(const Conv2dShape& s, const bfloat16* grad_y,
                                   const bfloat16* weight, bfloat16* grad_x) {
  for (std::int64_t index = 0; index < s.groups; ++index) {
    const ConvGroup g(s, index);
    const Scratch<bfloat16> kernels(g.in * g.taps * g.out);
    for (std::int64_t i = 0; i < std::min(s.stride[0], s.in_height); ++i) {
      for (std::int64_t j = 0; j < std::min(s.stride[1], s.in_width); ++j) {
        const detail::InputPhase phase = detail::input_phase(s, g, grad_y, i, j);
        const TapMatrix& taps = phase.outputs;
        const std::int64_t k = taps.columns();
        // The kernels that reach this phase, a row for each channel of the input.
        parallel_for(0, g.in, 16, [&](std::int64_t first, std::int64_t last) {
          for (std::int64_t c = first; c < last; ++c) {
            bfloat16* to = kernels.data() + c * k;
            for (const std::int64_t t : phase.kernel_taps) {
              const bfloat16* from = weight + (g.first_out * g.in + c) * g.taps + t;
              for (std::int64_t o = 0; o < g.out; ++o) *to++ = from[o * g.in * g.taps];
            }
          }
        });
        detail::multiply_taps<Kernel>(
            taps, s.batch, g.in, LinesAlongK{kernels.data(), k},
            [&](std::int64_t row, std::int64_t column, std::int64_t count, float* sums) {
              const std::int64_t image = row / (taps.grid_height * taps.grid_width);
              const std::int64_t line =
                  row / taps.grid_width % taps.grid_height * s.stride[0] + phase.row;
              const std::int64_t place = row % taps.grid_width * s.stride[1] + phase.column;
              const std::int64_t pixel = (image * s.in_height + line) * s.in_width + place;
              round_row(sums, count, grad_x + pixel * s.in_channels + g.first_in + column);
            });
      }
    }
  }
}

template <class Kernel>
void conv2d_weight_grad_by_products(const Conv2dShape& s, const bfloat16* x, const bfloat16* grad_y,
                                    bfloat16* grad_weight) {
  for (std::int64_t index = 0; index < s.groups; ++index) {
    const ConvGroup g(s, index);
    const TapMatrix taps = detail::input_taps(s, g, x);
    multiply<Kernel>(
        g.out, taps.columns(), s.batch * s.out_height * s.out_width,
        LinesAcrossK{grad_y + g.first_out, s.out_channels}, TapColumns{taps},
        [&](std::int64_t o, std::int64_t column, std::int64_t count, const float* sums) {
          bfloat16* to = grad_weight + (g.first_out + o) * g.in * g.taps;
          for (std::int64_t i = column; i < column + count; ++i) {
            to[i % g.in * g.taps + i / g.in] = bfloat16(sums[i - column]);
          }
        });
  }
}

}  // namespace plastic::cpu
