#pragma once

#include <vector>

#include "plastic/optim/elementwise.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// RMSprop with PyTorch's semantics (torch.optim.RMSprop): Tieleman and Hinton, lecture 6.5 of
/// "Neural Networks for Machine Learning", 2012; centered: Graves, arXiv 1308.0850.
///
/// g' = g + weight_decay·θ, v ← alpha·v + (1 - alpha)·g'²; centered: m ← alpha·m + (1 - alpha)·g';
/// d = g' / (√(v - m²) + eps), with m = 0 unless centered;
/// B ← momentum·B + d, θ ← θ - lr·B; without momentum θ ← θ - lr·d.
struct RmsPropOptions {
  /// Learning rate, 0 or more.
  double lr = 1e-2;
  /// Decay of v, in [0, 1).
  double alpha = 0.99;
  /// Added outside the square root, 0 or more.
  double eps = 1e-8;
  /// Coupled, 0 or more.
  double weight_decay = 0;
  /// Decay of B, 0 or more.
  double momentum = 0;
  /// Whether the variance replaces the mean square.
  bool centered = false;
};

/// Parameters with options of their own.
using RmsPropGroup = ParameterGroup<RmsPropOptions>;

/// With neither momentum nor centering.
struct RmsPropRule {
  /// square_avg (v).
  static constexpr int states = 1;
  /// Learning rate.
  float lr = 0;
  /// λ, which is added to g.
  float weight_decay = 0;
  /// Decay of v.
  float alpha = 0;
  /// 1 - alpha, computed in double.
  float one_minus_alpha = 0;
  /// Added outside the square root.
  float eps = 0;

  /// One element's step.
  PLASTIC_HOST_DEVICE void operator()(float& theta, float g, float& square_avg) const {
    g += weight_decay == 0 ? 0 : weight_decay * theta;
    square_avg = alpha * square_avg + one_minus_alpha * g * g;
    theta -= lr * g / (square_root(square_avg) + eps);
  }
};

/// With momentum, centering, or both.
struct FullRmsPropRule {
  /// square_avg (v), momentum_buffer (B) and grad_avg (m).
  static constexpr int states = 3;
  /// Learning rate.
  float lr = 0;
  /// λ, which is added to g.
  float weight_decay = 0;
  /// Decay of v and m.
  float alpha = 0;
  /// 1 - alpha, computed in double.
  float one_minus_alpha = 0;
  /// Added outside the square root.
  float eps = 0;
  /// Decay of B.
  float momentum = 0;
  /// 1 - alpha, or 0 where it is not centered: the mean then stays 0.
  float mean_share = 0;

  /// One element's step.
  PLASTIC_HOST_DEVICE void operator()(float& theta, float g, float& square_avg,
                                      float& momentum_buffer, float& grad_avg) const {
    g += weight_decay == 0 ? 0 : weight_decay * theta;
    square_avg = alpha * square_avg + one_minus_alpha * g * g;
    grad_avg += mean_share * (g - grad_avg);
    // Rounding may make it negative.
    const float variance = square_avg - grad_avg * grad_avg;
    const float direction = g / (square_root(variance < 0 ? 0 : variance) + eps);
    momentum_buffer = momentum * momentum_buffer + direction;
    theta -= lr * momentum_buffer;
  }
};

/// State: square_avg; if any group has momentum or is centered, also momentum_buffer and grad_avg,
/// for all groups (PyTorch keeps only the one that is used).
class RmsProp : public ElementwiseOptimizer {
 public:
  /// Throws Error for options out of range and for parameters that Optimizer refuses.
  explicit RmsProp(const std::vector<Tensor>& parameters, const RmsPropOptions& options = {});
  /// The same for several groups.
  explicit RmsProp(const std::vector<RmsPropGroup>& groups);

 private:
  void make_rule(const ParameterStep& at, void* rule) const override;

  std::vector<RmsPropOptions> options_;
  bool is_full_;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
