#pragma once

#include <array>
#include <cstdint>

#include "plastic/core/random.h"
#include "plastic/nn/module.h"

namespace plastic::nn {

/// Pairs are rows, then columns; see plastic::ConvTranspose2dOptions.
struct ConvTranspose2dOptions {
  std::array<std::int64_t, 2> stride = {1, 1};
  std::array<std::int64_t, 2> padding = {0, 0};
  std::array<std::int64_t, 2> output_padding = {0, 0};
  std::array<std::int64_t, 2> dilation = {1, 1};
  std::int64_t groups = 1;
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

  Tensor weight;
  /// Undefined without bias.
  Tensor bias;

 private:
  ConvTranspose2dOptions options_;
};

}  // namespace plastic::nn
