#pragma once

#include <cstdint>

#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// How a GroupNorm normalises.
struct GroupNormOptions {
  /// Added to the variance, inside the root.
  double eps = 1e-5;
  /// Whether there are a weight and a bias.
  bool affine = true;
};

/// (x - mean) / √(var + eps) · weight + bias of (N, channels, ...), mean and variance (of the
/// population) taken over each of `groups` groups of neighbouring channels of each sample.
/// Parameters "weight", ones at first, and "bias", zeros, both (channels). Wu and He, arXiv
/// 1803.08494; torch.nn.GroupNorm.
class GroupNorm : public Module {
 public:
  /// Throws Error unless channels is a multiple of groups, both are at least 1 and eps >= 0.
  GroupNorm(std::int64_t groups, std::int64_t channels, const GroupNormOptions& options = {});
  /// Throws Error naming the shape unless x has the channels on its second axis, and for a single
  /// value per group over the whole batch, as in PyTorch: it would always become 0.
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;

  /// (channels); undefined unless affine.
  Tensor weight;
  /// (channels); undefined unless affine.
  Tensor bias;

 private:
  std::int64_t groups_;
  std::int64_t channels_;
  double eps_;
};

}  // namespace plastic::nn

#pragma GCC visibility pop
