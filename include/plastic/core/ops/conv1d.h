#pragma once

#include <cstdint>

#include "plastic/core/ops/activation.h"
#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// What a convolution of sequences does beside its weights.
struct Conv1dOptions {
  /// Elements of the input from one output to the next, at least 1.
  std::int64_t stride = 1;
  /// Zeros on either side.
  std::int64_t padding = 0;
  /// Elements of the input from one of the kernel's to the next, at least 1.
  std::int64_t dilation = 1;
  /// See Conv2dOptions::groups.
  std::int64_t groups = 1;
  /// Applied to the result.
  Activation activation = Activation::none;
};

/// Cross-correlation of sequences, as torch.nn.functional.conv1d: x (N, C, L), weight (O, C /
/// groups, k) and bias (O), which may be undefined, -> (N, O, L'), with L' = (L + 2·padding -
/// dilation·(k - 1) - 1) / stride + 1, rounded down. It is the conv2d() of images of one row, whose
/// errors show that row. Differentiable.
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              const Conv1dOptions& options = {});

}  // namespace plastic

#pragma GCC visibility pop
