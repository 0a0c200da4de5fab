#pragma once

#include <cstdint>

#include "plastic/core/dtype.h"

namespace plastic {

/// Sizes of a two-dimensional convolution. Kernels read and write activations channels-last,
/// (batch, height, width, channels) without gaps, and weights as the state dict holds them:
/// (out_channels, in_channels / groups, kernel_height, kernel_width) without gaps.
struct Conv2dShape {
  DType dtype = DType::f32;
  std::int64_t batch = 0;
  std::int64_t in_channels = 0, in_height = 0, in_width = 0;
  std::int64_t out_channels = 0, out_height = 0, out_width = 0;
  std::int64_t kernel_height = 1, kernel_width = 1;
  /// Rows, then columns.
  std::int64_t stride[2] = {1, 1};
  /// Zeros around the input, on either side.
  std::int64_t padding[2] = {0, 0};
  std::int64_t dilation[2] = {1, 1};
  std::int64_t groups = 1;

  // Elements of what a convolution reads and writes.
  std::int64_t x_size() const { return batch * in_channels * in_height * in_width; }
  std::int64_t weight_size() const {
    return out_channels * (in_channels / groups) * kernel_height * kernel_width;
  }
  std::int64_t y_size() const { return batch * out_channels * out_height * out_width; }
};

}  // namespace plastic
