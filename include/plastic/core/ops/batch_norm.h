#pragma once

#include "plastic/core/ops/activation.h"
#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// How batch_norm() normalises.
struct BatchNormOptions {
  /// Whether mean and variance are the batch's (and the running ones are updated) or the running
  /// ones.
  bool training = true;
  /// Weight of the batch's statistics in the running ones after the update.
  double momentum = 0.1;
  /// Added to the variance, inside the square root.
  double eps = 1e-5;
  /// Added to the result before the activation; has x's shape or is undefined. A residual block's
  /// end in one pass: He et al., arXiv 1512.03385.
  Tensor skip = {};
  /// Applied last.
  Activation activation = Activation::none;
};

/// (x - mean) / √(var + eps) · weight + bias for each channel of (N, C, H, W) or (N, C), then +
/// skip, then the activation. Ioffe and Szegedy, arXiv 1502.03167, with PyTorch's semantics: the
/// batch is normalised with the population variance, while running_var uses Bessel's correction.
/// The statistics, of shape (C), are written in place in training, where they may be undefined.
/// weight and bias, (C), may be undefined. f32 or f64, or bf16 with statistics, weight and bias in
/// f32. Throws Error when shapes do not fit, statistics are missing, or a channel has only one
/// value in training. Differentiable in x, weight, bias and skip.
Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                  const Tensor& running_mean, const Tensor& running_var,
                  const BatchNormOptions& options = {});

}  // namespace plastic

#pragma GCC visibility pop
