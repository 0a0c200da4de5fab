#pragma once

#include <cstdint>

#include "plastic/core/random.h"
#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// What a Conv1d does beside its weights; see plastic::Conv1dOptions.
struct Conv1dOptions {
  /// Elements of the input from one output to the next, at least 1.
  std::int64_t stride = 1;
  /// Zeros on either side.
  std::int64_t padding = 0;
  /// Elements of the input from one of the kernel's to the next, at least 1.
  std::int64_t dilation = 1;
  /// Parts that the channels are divided into, each convolved separately.
  std::int64_t groups = 1;
  /// Whether a number is added to each channel of the result.
  bool bias = true;
  /// Draws the initial values; default_generator() when null.
  Generator* generator = nullptr;
};

/// plastic::conv1d, torch.nn.Conv1d: (N, in_channels, L) -> (N, out_channels, L'). Parameters
/// "weight" (out_channels, in_channels / groups, kernel) and "bias" (out_channels), both
/// initialised uniform in ±1/√fan_in, fan_in being in_channels / groups · kernel, as PyTorch does.
class Conv1d : public Module {
 public:
  /// Throws Error for sizes below 1 and channels that are no multiple of groups.
  Conv1d(std::int64_t in_channels, std::int64_t out_channels, std::int64_t kernel,
         const Conv1dOptions& options = {});
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;

  /// (out_channels, in_channels / groups, kernel)
  Tensor weight;
  /// (out_channels); undefined without bias.
  Tensor bias;

 private:
  Conv1dOptions options_;
};

}  // namespace plastic::nn

#pragma GCC visibility pop
