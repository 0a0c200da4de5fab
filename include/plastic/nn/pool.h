#pragma once

#include <array>
#include <cstdint>

#include "plastic/core/ops/pool.h"
#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// @file
/// The functions of plastic/core/ops/pool.h as modules: images (N, C, H, W) to smaller ones.

/// max_pool2d()
class MaxPool2d : public Module {
 public:
  /// forward() throws Error for windows that do not fit.
  explicit MaxPool2d(const MaxPool2dOptions& options = {});
  Tensor forward(const Tensor& x) override { return max_pool2d(x, options_); }
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;

  /// Those it was made with.
  const MaxPool2dOptions& options() const { return options_; }

 private:
  MaxPool2dOptions options_;
};

/// avg_pool2d()
class AvgPool2d : public Module {
 public:
  /// forward() throws Error for windows that do not fit.
  explicit AvgPool2d(const AvgPool2dOptions& options = {});
  Tensor forward(const Tensor& x) override { return avg_pool2d(x, options_); }
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;

 private:
  AvgPool2dOptions options_;
};

/// adaptive_avg_pool2d()
class AdaptiveAvgPool2d : public Module {
 public:
  /// `size` is that of the results, rows and columns. forward() throws Error for sizes below 1.
  explicit AdaptiveAvgPool2d(const std::array<std::int64_t, 2>& size = {1, 1});
  Tensor forward(const Tensor& x) override { return adaptive_avg_pool2d(x, size_); }
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;

 private:
  std::array<std::int64_t, 2> size_;
};

}  // namespace plastic::nn

#pragma GCC visibility pop
