#pragma once

#include <cstdint>
#include <vector>

#include "plastic/core/dtype.h"

namespace plastic::emulator {

/// A tensor of f32 or bf16 as cuDNN is told of it, in the order (batch, channels, height, width).
struct DnnTensor {
  DType dtype = DType::f32;
  std::int64_t id = 0;
  std::int64_t alignment = 0;
  std::vector<std::int64_t> sizes, strides;
};

/// A convolution's pass, of which the tensors are x, the filters and y.
struct DnnConvolution {
  enum class Pass { forward, input_grad, weight_grad } pass = Pass::forward;
  DnnTensor x, weight, y;
  std::vector<std::int64_t> padding, stride, dilation;

  /// Whether the sizes go together.
  bool is_sound() const;
  /// Computes it on the CPU, from and to device memory that can be touched.
  void run(void* x_data, void* weight_data, void* y_data) const;
};

}  // namespace plastic::emulator
