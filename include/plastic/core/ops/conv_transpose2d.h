#pragma once

#include <array>
#include <cstdint>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// What a transposed convolution does beside its weights. Pairs are rows, then columns.
struct ConvTranspose2dOptions {
  /// Pixels of the result from one input to the next, at least 1.
  std::array<std::int64_t, 2> stride = {1, 1};
  /// What is cut off the result on either side.
  std::array<std::int64_t, 2> padding = {0, 0};
  /// By how much the result is larger at its end: several sizes of image give a convolution's
  /// result one size. Below the stride or the dilation.
  std::array<std::int64_t, 2> output_padding = {0, 0};
  /// Pixels of the result from one of the kernel's to the next, at least 1.
  std::array<std::int64_t, 2> dilation = {1, 1};
  /// See Conv2dOptions::groups.
  std::int64_t groups = 1;
};

/// The transpose of conv2d(), which is its gradient with respect to its input, as
/// torch.nn.functional.conv_transpose2d: x (N, C, H, W), weight (C, O / groups, kH, kW) and bias
/// (O), which may be undefined, -> (N, O, H', W') with H' = (H - 1)·stride - 2·padding +
/// dilation·(kH - 1) + output_padding + 1. The result lies channels-last. f32, f64 or bf16; N may
/// be 0. Throws Error naming the shapes when they do not fit or the result would be empty, which
/// only some of PyTorch's algorithms refuse. Differentiable.
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTranspose2dOptions& options = {});

}  // namespace plastic

#pragma GCC visibility pop
