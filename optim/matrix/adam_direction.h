#pragma once

#include <cmath>
#include <cstdint>

#include "plastic/core/ops/elementwise.h"
#include "plastic/core/tensor.h"

namespace plastic::optim {

/// Adam's averages and the direction that they give, for optimizers that build on Adam.
struct AdamMoments {
  Tensor exp_avg;
  Tensor exp_avg_sq;
  double beta1 = 0.9;
  double beta2 = 0.999;

  /// m ← β₁·m + (1 - β₁)·g, v ← β₂·v + (1 - β₂)·g².
  void add(const Tensor& gradient) {
    exp_avg.lerp_(gradient, 1 - beta1);
    exp_avg_sq.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
  }

  /// m / (√v + eps); with `step` above 0, both averages are divided by 1 - βᵗ, which corrects that
  /// they began at 0.
  Tensor direction(double eps, std::int64_t step) const {
    Tensor denominator = sqrt(exp_avg_sq);
    if (step == 0) return exp_avg / denominator.add_(eps);
    const auto t = static_cast<double>(step);
    denominator.mul_(1 / std::sqrt(1 - std::pow(beta2, t))).add_(eps);
    Tensor direction = exp_avg / denominator;
    return direction.mul_(1 / (1 - std::pow(beta1, t)));
  }
};

}  // namespace plastic::optim
