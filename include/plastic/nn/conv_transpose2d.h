#pragma once

#include <array>
#include <cstdint>

#include "plastic/core/random.h"
#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// What a ConvTranspose2d does beside its weights; see plastic::ConvTranspose2dOptions. Pairs are
/// rows, then columns.
struct ConvTranspose2dOptions {
  /// Pixels of the result from one input to the next, at least 1.
  std::array<std::int64_t, 2> stride = {1, 1};
  /// What is cut off the result on either side.
  std::array<std::int64_t, 2> padding = {0, 0};
  /// By how much the result is larger at its end; below the stride or the dilation.
  std::array<std::int64_t, 2> output_padding = {0, 0};
  /// Pixels of the result from one of the kernel's to the next, at least 1.
  std::array<std::int64_t, 2> dilation = {1, 1};
  /// Parts that the channels are divided into, each computed separately.
  std::int64_t groups = 1;
  /// Whether a number is added to each channel of the result.
  bool bias = true;
  /// Draws the initial values; default_generator() when null.
  Generator* generator = nullptr;
};

/// plastic::conv_transpose2d, torch.nn.ConvTranspose2d: (N, in_channels, H, W) -> (N, out_channels,
/// H', W'). Parameters "weight" (in_channels, out_channels / groups, kernel rows, kernel columns)
/// and "bias" (out_channels), both initialised uniform in ±1/√fan, fan being out_channels / groups
/// · the kernel's elements, as PyTorch does.
class ConvTranspose2d : public Module {
 public:
  /// Throws Error for sizes below 1 and channels that are no multiple of groups.
  ConvTranspose2d(std::int64_t in_channels, std::int64_t out_channels,
                  const std::array<std::int64_t, 2>& kernel,
                  const ConvTranspose2dOptions& options = {});
  /// A square kernel.
  ConvTranspose2d(std::int64_t in_channels, std::int64_t out_channels, std::int64_t kernel,
                  const ConvTranspose2dOptions& options = {});
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;

  /// (in_channels, out_channels / groups, kernel rows, kernel columns)
  Tensor weight;
  /// (out_channels); undefined without bias.
  Tensor bias;

 private:
  ConvTranspose2dOptions options_;
};

}  // namespace plastic::nn

#pragma GCC visibility pop
