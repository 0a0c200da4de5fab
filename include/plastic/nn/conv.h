#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "plastic/core/ops/pool.h"
#include "plastic/core/random.h"
#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

class BatchNorm;

/// What a Conv2d does beside its weights; see plastic::Conv2dOptions. Pairs are rows, then columns.
struct Conv2dOptions {
  /// Pixels of the input from one output to the next, at least 1.
  std::array<std::int64_t, 2> stride = {1, 1};
  /// Zeros on either side.
  std::array<std::int64_t, 2> padding = {0, 0};
  /// Pixels of the input from one of the kernel's to the next, at least 1.
  std::array<std::int64_t, 2> dilation = {1, 1};
  /// Parts that the channels are divided into, each convolved separately.
  std::int64_t groups = 1;
  /// Whether a number is added to each channel of the result.
  bool bias = true;
  /// Draws the initial values; default_generator() when null.
  Generator* generator = nullptr;
};

/// plastic::conv2d: (N, in_channels, H, W) -> (N, out_channels, H', W'). Parameters "weight"
/// (out_channels, in_channels / groups, kernel rows, kernel columns) and "bias" (out_channels),
/// both initialised uniformly in ±1/√fan_in with fan_in = in_channels / groups · the kernel's
/// elements, as in PyTorch.
class Conv2d : public Module {
 public:
  /// Throws Error for sizes below 1 and for channels that are not a multiple of groups.
  Conv2d(std::int64_t in_channels, std::int64_t out_channels,
         const std::array<std::int64_t, 2>& kernel, const Conv2dOptions& options = {});
  /// A square kernel.
  Conv2d(std::int64_t in_channels, std::int64_t out_channels, std::int64_t kernel,
         const Conv2dOptions& options = {});
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;
  Tensor forward_activated(const Tensor& x, Activation activation) override;
  /// max_pool2d(forward_activated(x, activation), pool), as one operation unless this is of a
  /// derived class.
  Tensor forward_max_pooled(const Tensor& x, Activation activation, const MaxPool2dOptions& pool);

  /// Those it was made with.
  const Conv2dOptions& options() const { return options_; }

  /// Folds in the evaluation-mode normalisation of its result; see Module::fold_batch_norm().
  /// Throws Error unless `norm` has running statistics of as many channels, and when either object
  /// is of a derived class, which may compute something else.
  void absorb(const BatchNorm& norm);

  /// (out_channels, in_channels / groups, kernel rows, kernel columns)
  Tensor weight;
  /// (out_channels); undefined without bias.
  Tensor bias;

 private:
  Tensor convolved(const Tensor& x, Activation activation,
                   const std::optional<MaxPool2dOptions>& pool = {}) const;

  Conv2dOptions options_;
};

}  // namespace plastic::nn

#pragma GCC visibility pop
