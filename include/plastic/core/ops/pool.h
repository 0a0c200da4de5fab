#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// @file
/// Pooling of images (N, C, H, W), each channel by itself, with PyTorch's semantics; f32, f64 or
/// bf16, N may be 0. Results lie channels-last. Pairs are rows, then columns. Throws Error naming
/// the shape where a window does not fit. Differentiable.

/// The windows of max_pool2d().
struct MaxPool2dOptions {
  /// Size of a window, at least 1.
  std::array<std::int64_t, 2> kernel = {2, 2};
  /// The kernel's size when left out.
  std::optional<std::array<std::int64_t, 2>> stride = {};
  /// On either side, never chosen; at most half the kernel.
  std::array<std::int64_t, 2> padding = {0, 0};
  /// Steps from one element of a window to the next. The kernel's reach, dilation·(kernel - 1) + 1,
  /// is what padding is at most half of.
  std::array<std::int64_t, 2> dilation = {1, 1};
  /// Rounds the result's sizes up instead of down: the last windows may reach over the edge.
  bool ceil_mode = false;
};

/// The largest element of each window. NaN wins; of equal elements, the first in row-major order
/// has the gradient.
Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options = {});

/// The windows of avg_pool2d().
struct AvgPool2dOptions {
  /// Size of a window, at least 1.
  std::array<std::int64_t, 2> kernel = {2, 2};
  /// The kernel's size when left out.
  std::optional<std::array<std::int64_t, 2>> stride = {};
  /// Zeros on either side; at most half the kernel.
  std::array<std::int64_t, 2> padding = {0, 0};
  /// Rounds the result's sizes up instead of down: the last windows may reach over the edge.
  bool ceil_mode = false;
  /// Whether those zeros count in the mean.
  bool count_include_pad = true;
};

/// The mean of each window.
Tensor avg_pool2d(const Tensor& x, const AvgPool2dOptions& options = {});

/// The means of rows [⌊i·H/h⌋, ⌈(i + 1)·H/h⌉), i < h, and of columns likewise: the result has h
/// rows and w columns, (h, w) being `size`. {1, 1} is the mean of each channel.
Tensor adaptive_avg_pool2d(const Tensor& x, const std::array<std::int64_t, 2>& size);

}  // namespace plastic

#pragma GCC visibility pop
