#pragma once

#include <cstdint>

#include "plastic/nn/module.h"

namespace plastic::nn {

struct BatchNormOptions {
  /// Added to the variance, inside the root.
  double eps = 1e-5;
  /// Share of the batch's statistics in the running ones after each training step.
  double momentum = 0.1;
  /// Whether there are a weight and a bias.
  bool affine = true;
  /// Whether there are running statistics; without, evaluation takes the batch's too.
  bool track_running_stats = true;
};

/// plastic::batch_norm: with the batch's statistics in training mode, the running ones in
/// evaluation mode. Parameters "weight", ones at first, and "bias", zeros; buffers "running_mean",
/// zeros, "running_var", ones, all (channels), and "num_batches_tracked", i64, rank 0.
class BatchNorm : public Module {
 public:
  /// Throws Error for sizes below 1, a negative eps or a momentum outside [0, 1].
  explicit BatchNorm(std::int64_t channels, const BatchNormOptions& options = {});
  Tensor forward(const Tensor& x) override;
  Tensor forward_activated(const Tensor& x, Activation activation) override;
  /// The activation of the normalised x + skip, in one pass. skip has x's shape or is undefined.
  Tensor forward_added(const Tensor& x, const Tensor& skip, Activation activation);

  const BatchNormOptions& options() const { return options_; }

  /// Undefined where the options say so.
  Tensor weight, bias;
  Tensor running_mean, running_var, num_batches_tracked;

 private:
  BatchNormOptions options_;
};

/// Of rows (N, C).
class BatchNorm1d : public BatchNorm {
 public:
  using BatchNorm::BatchNorm;
};

/// Of images (N, C, H, W).
class BatchNorm2d : public BatchNorm {
 public:
  using BatchNorm::BatchNorm;
};

}  // namespace plastic::nn
