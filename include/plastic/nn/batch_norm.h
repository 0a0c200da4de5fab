#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// How a BatchNorm normalises and what it keeps.
struct BatchNormOptions {
  /// Added to the variance, inside the square root.
  double eps = 1e-5;
  /// Weight of the batch's statistics in the running ones, per training step.
  double momentum = 0.1;
  /// Whether the layer has a weight and a bias.
  bool affine = true;
  /// Whether running statistics are kept; without them, evaluation mode uses the batch's too.
  bool track_running_stats = true;
};

/// plastic::batch_norm with the batch's statistics in training mode and the running ones in
/// evaluation mode. Parameters "weight", initially ones, and "bias", initially zeros; buffers
/// "running_mean", initially zeros, and "running_var", initially ones, all of shape (channels), and
/// "num_batches_tracked", i64 of rank 0.
class BatchNorm : public Module {
 public:
  /// Throws Error for sizes below 1, a negative eps or a momentum outside [0, 1].
  explicit BatchNorm(std::int64_t channels, const BatchNormOptions& options = {});
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;
  Tensor forward_activated(const Tensor& x, Activation activation) override;
  /// The activation of forward(x) + skip, in one pass unless this object is of a derived class.
  /// `skip` has x's shape or is undefined.
  Tensor forward_added(const Tensor& x, const Tensor& skip, Activation activation);

  /// Those it was made with.
  const BatchNormOptions& options() const { return options_; }

  /// The factor of each channel; undefined unless affine.
  Tensor weight;
  /// What is added to each channel; undefined unless affine.
  Tensor bias;
  /// Mean of each channel over the training so far; undefined unless track_running_stats.
  Tensor running_mean;
  /// Variance of each channel, likewise, with Bessel's correction.
  Tensor running_var;
  /// Training steps so far, i64 of rank 0; undefined unless track_running_stats.
  Tensor num_batches_tracked;

 private:
  friend void update_batch_norm(Module& model, const std::function<Tensor()>& next_batch);

  BatchNorm* as_batch_norm() final { return this; }
  Tensor normalized(const Tensor& x, const Tensor& skip, Activation activation);

  BatchNormOptions options_;
  /// While update_batch_norm() runs, the number of batches that the running statistics average.
  std::optional<std::int64_t> averaged_batches_;
};

/// Normalises rows (N, C).
class BatchNorm1d : public BatchNorm {
 public:
  /// See BatchNorm.
  explicit BatchNorm1d(std::int64_t channels, const BatchNormOptions& options = {});
};

/// Normalises images (N, C, H, W).
class BatchNorm2d : public BatchNorm {
 public:
  /// See BatchNorm.
  explicit BatchNorm2d(std::int64_t channels, const BatchNormOptions& options = {});
};

}  // namespace plastic::nn

#pragma GCC visibility pop
