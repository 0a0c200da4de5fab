#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "plastic/core/ops/activation.h"
#include "plastic/core/ops/pool.h"
#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// What a convolution does beside its weights. Pairs are rows, then columns.
struct Conv2dOptions {
  /// Pixels of the input from one output to the next, at least 1.
  std::array<std::int64_t, 2> stride = {1, 1};
  /// Zeros on either side.
  std::array<std::int64_t, 2> padding = {0, 0};
  /// Pixels of the input from one of the kernel's to the next, at least 1.
  std::array<std::int64_t, 2> dilation = {1, 1};
  /// Input and output channels are divided into this many groups, each convolved separately. With
  /// as many groups as input channels the convolution is depthwise.
  std::int64_t groups = 1;
  /// Applied to the result, before pooling.
  Activation activation = Activation::none;
  /// What max_pool2d() does with the result, as one operation, which keeps the pooled result alone
  /// for the gradient.
  std::optional<MaxPool2dOptions> max_pool = {};
};

/// Cross-correlation with PyTorch's semantics: x (N, C, H, W), weight (O, C / groups, kH, kW) and
/// bias (O), which may be undefined, -> (N, O, H', W') with H' = (H + 2·padding - dilation·(kH - 1)
/// - 1) / stride + 1, rounded down, before pooling. The result is channels-last. f32, f64 or bf16;
/// N may be 0. Throws Error naming the shapes when they do not fit or the result would be empty.
/// Differentiable.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              const Conv2dOptions& options = {});

}  // namespace plastic

#pragma GCC visibility pop
