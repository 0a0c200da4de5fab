#pragma once

#include <vector>

#include "core/device/conv2d_shape.h"

namespace plastic::test {

/// A convolution to try, by what does not follow from the rest.
struct ConvTry {
  std::int64_t batch, channels, height, width, out_channels, kernel_height, kernel_width;
  std::int64_t stride[2] = {1, 1};
  std::int64_t padding[2] = {0, 0};
  std::int64_t dilation[2] = {1, 1};
  std::int64_t groups = 1;

  Conv2dShape shape(DType dtype) const;
};

/// All kinds.
std::vector<ConvTry> conv_tries();

/// Checks all three passes on the CUDA device, with and without bias and ReLU, against the CPU.
void check_convolution(const ConvTry& convolution, DType dtype, double tolerance);

}  // namespace plastic::test
