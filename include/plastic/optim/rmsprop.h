#pragma once

#include <cmath>
#include <vector>

#include "plastic/optim/elementwise.h"

namespace plastic::optim {

/// RMSprop with PyTorch's semantics (torch.optim.RMSprop): Tieleman and Hinton, lecture 6.5 of
/// "Neural Networks for Machine Learning", 2012; centered: Graves, arXiv 1308.0850.
///
/// g' = g + weight_decay·θ, v ← alpha·v + (1 - alpha)·g'²; centered: m ← alpha·m + (1 - alpha)·g';
/// d = g' / (√(v - m²) + eps), with m = 0 unless centered;
/// B ← momentum·B + d, θ ← θ - lr·B; without momentum θ ← θ - lr·d.
struct RmsPropOptions {
  double lr = 1e-2;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum = 0;
  bool centered = false;
};

struct RmsPropGroup {
  std::vector<Tensor> parameters;
  RmsPropOptions options;
};

/// With neither momentum nor centering.
struct RmsPropRule {
  static constexpr int states = 1;
  float lr = 0, weight_decay = 0;
  float alpha = 0, one_minus_alpha = 0, eps = 0;

  PLASTIC_HOST_DEVICE void operator()(float& theta, float g, float& square_avg) const {
    g += weight_decay == 0 ? 0 : weight_decay * theta;
    square_avg = alpha * square_avg + one_minus_alpha * g * g;
    theta -= lr * g / (std::sqrt(square_avg) + eps);
  }
};

/// With momentum, centering, or both.
struct FullRmsPropRule {
  static constexpr int states = 3;
  float lr = 0, weight_decay = 0;
  float alpha = 0, one_minus_alpha = 0, eps = 0, momentum = 0;
  /// 1 - alpha, or 0 where it is not centered: the mean then stays 0.
  float mean_share = 0;

  PLASTIC_HOST_DEVICE void operator()(float& theta, float g, float& square_avg,
                                      float& momentum_buffer, float& grad_avg) const {
    g += weight_decay == 0 ? 0 : weight_decay * theta;
    square_avg = alpha * square_avg + one_minus_alpha * g * g;
    grad_avg += mean_share * (g - grad_avg);
    // Rounding may make it negative.
    const float variance = square_avg - grad_avg * grad_avg;
    const float direction = g / (std::sqrt(variance < 0 ? 0 : variance) + eps);
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
  explicit RmsProp(const std::vector<RmsPropGroup>& groups);

 private:
  void make_rule(const ParameterStep& at, void* rule) const override;

  std::vector<RmsPropOptions> options_;
  bool is_full_;
};

}  // namespace plastic::optim
