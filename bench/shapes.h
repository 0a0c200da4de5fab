#pragma once

#include <cstdint>
#include <vector>

#include "plastic/core/shape.h"

namespace plastic::bench {

/// Parameters of the multilayer perceptron with layers of these sizes, in PyTorch's order.
inline std::vector<Shape> mlp_shapes(const std::vector<std::int64_t>& sizes = {784, 512, 512, 10}) {
  std::vector<Shape> shapes;
  for (std::size_t layer = 1; layer < sizes.size(); ++layer) {
    shapes.push_back({sizes[layer], sizes[layer - 1]});
    shapes.push_back({sizes[layer]});
  }
  return shapes;
}

/// Parameters of ResNet-18 in its form for CIFAR (a 3x3 stem, no pooling before the first block),
/// in PyTorch's order: 62 tensors, 11 173 962 elements. He et al., arXiv 1512.03385.
inline std::vector<Shape> resnet18_shapes() {
  std::vector<Shape> shapes;
  const auto normalised_conv = [&](std::int64_t inputs, std::int64_t outputs, std::int64_t kernel) {
    shapes.push_back({outputs, inputs, kernel, kernel});
    shapes.push_back({outputs});
    shapes.push_back({outputs});
  };
  normalised_conv(3, 64, 3);
  std::int64_t inputs = 64;
  for (const std::int64_t width : {64, 128, 256, 512}) {
    for (int block = 0; block < 2; ++block) {
      normalised_conv(inputs, width, 3);
      normalised_conv(width, width, 3);
      if (inputs != width) normalised_conv(inputs, width, 1);
      inputs = width;
    }
  }
  shapes.push_back({10, 512});
  shapes.push_back({10});
  return shapes;
}

}  // namespace plastic::bench
