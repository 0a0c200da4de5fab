#pragma once

#include <cstdint>

#include "plastic/core/random.h"
#include "plastic/nn/module.h"

namespace plastic::nn {

/// See plastic::Conv1dOptions.
struct Conv1dOptions {
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  std::int64_t dilation = 1;
  std::int64_t groups = 1;
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

  Tensor weight;
  /// Undefined without bias.
  Tensor bias;

 private:
  Conv1dOptions options_;
};

}  // namespace plastic::nn
