#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/device/conv2d_shape.h"

namespace plastic::bench {

/// A square convolution that keeps the image's size, but for its stride.
struct ConvLayer {
  std::int64_t in, out, size, kernel = 3, stride = 1;
  /// The first of its network: no gradient of its input is ever asked for.
  bool first = false;

  /// in-out-size-kernel-stride, as compare_conv.py reads it.
  std::string name() const {
    std::string text;
    for (const std::int64_t number : {in, out, size, kernel, stride}) {
      if (!text.empty()) text += '-';
      text += std::to_string(number);
    }
    return text;
  }

  Conv2dShape shape(std::int64_t batch) const {
    const std::int64_t padding = kernel / 2;
    const std::int64_t result = (size + 2 * padding - kernel) / stride + 1;
    return {.batch = batch,
            .in_channels = in,
            .in_height = size,
            .in_width = size,
            .out_channels = out,
            .out_height = result,
            .out_width = result,
            .kernel_height = kernel,
            .kernel_width = kernel,
            .stride = {stride, stride},
            .padding = {padding, padding}};
  }
};

/// The distinct convolutions of resnet18 in its form for CIFAR, then those of small_cnn.
inline std::vector<ConvLayer> conv_layers() {
  return {{3, 64, 32, 3, 1, true},
          {64, 64, 32},
          {64, 128, 32, 3, 2},
          {64, 128, 32, 1, 2},
          {128, 128, 16},
          {128, 256, 16, 3, 2},
          {128, 256, 16, 1, 2},
          {256, 256, 8},
          {256, 512, 8, 3, 2},
          {256, 512, 8, 1, 2},
          {512, 512, 4},
          {3, 32, 32, 3, 1, true},
          {32, 64, 32},
          {64, 128, 16}};
}

}  // namespace plastic::bench
