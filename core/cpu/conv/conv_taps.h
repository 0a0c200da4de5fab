#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/device/conv2d_shape.h"

namespace plastic::cpu {

/// A kernel's element that touches a given pixel, and the pixel on the other side.
struct ConvTap {
  std::int64_t tap;
  /// Pixel within the image, row · width + column.
  std::int64_t pixel;
};

/// The input pixels that the output pixel (row, column) is summed from.
inline void taps_of_output(const Conv2dShape& s, std::int64_t row, std::int64_t column,
                           std::vector<ConvTap>& taps) {
  taps.clear();
  for (std::int64_t i = 0; i < s.kernel_height; ++i) {
    const std::int64_t from_row = row * s.stride[0] - s.padding[0] + i * s.dilation[0];
    if (from_row < 0 || from_row >= s.in_height) continue;
    for (std::int64_t j = 0; j < s.kernel_width; ++j) {
      const std::int64_t from = column * s.stride[1] - s.padding[1] + j * s.dilation[1];
      if (from < 0 || from >= s.in_width) continue;
      taps.push_back({i * s.kernel_width + j, from_row * s.in_width + from});
    }
  }
}

/// The output pixels that the input pixel (row, column) goes into.
inline void taps_of_input(const Conv2dShape& s, std::int64_t row, std::int64_t column,
                          std::vector<ConvTap>& taps) {
  taps.clear();
  for (std::int64_t i = 0; i < s.kernel_height; ++i) {
    const std::int64_t up = row + s.padding[0] - i * s.dilation[0];
    if (up < 0 || up % s.stride[0] != 0 || up / s.stride[0] >= s.out_height) continue;
    for (std::int64_t j = 0; j < s.kernel_width; ++j) {
      const std::int64_t left = column + s.padding[1] - j * s.dilation[1];
      if (left < 0 || left % s.stride[1] != 0 || left / s.stride[1] >= s.out_width) continue;
      taps.push_back({i * s.kernel_width + j, up / s.stride[0] * s.out_width + left / s.stride[1]});
    }
  }
}

}  // namespace plastic::cpu
