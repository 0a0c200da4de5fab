#pragma once

#include <vector>

#include "plastic/optim/elementwise.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// NAdam: Dozat, "Incorporating Nesterov Momentum into Adam", ICLR 2016 workshop; NAdamW with
/// decoupled decay. PyTorch's semantics (torch.optim.NAdam).
///
/// μₜ = β₁·(1 - ½·0.96^(t·momentum_decay)), m ← β₁·m + (1 - β₁)·g, v ← β₂·v + (1 - β₂)·g²,
/// θ ← θ - lr·((1 - μₜ)/(1 - Πᵢ₌₁ᵗ μᵢ)·g + μₜ₊₁/(1 - Πᵢ₌₁ᵗ⁺¹ μᵢ)·m) / (√(v / (1 - β₂ᵗ)) + eps),
/// with t the parameter's own count of steps.
///
/// PyTorch keeps the product of the μᵢ in f32 as a state, mu_product. Here it is computed in double
/// from the count of steps and is not saved.
struct NAdamOptions {
  /// Learning rate, 0 or more.
  double lr = 2e-3;
  /// Decay of m, in [0, 1), and what μₜ grows to.
  double beta1 = 0.9;
  /// Decay of v, in [0, 1).
  double beta2 = 0.999;
  /// Added outside the square root; above 0.
  double eps = 1e-8;
  /// 0 or more; how it acts, decoupled_weight_decay says.
  double weight_decay = 0;
  /// How fast μₜ grows, 0 or more.
  double momentum_decay = 4e-3;
  /// NAdamW: θ ← θ·(1 - lr·weight_decay) first. Otherwise g ← g + weight_decay·θ.
  bool decoupled_weight_decay = false;
};

/// Parameters with options of their own.
using NAdamGroup = ParameterGroup<NAdamOptions>;

/// The constants of a step of NAdam.
struct NAdamRule {
  /// exp_avg (m) and exp_avg_sq (v).
  static constexpr int states = 2;
  /// β₁.
  float beta1 = 0;
  /// 1 - β₁, computed in double.
  float one_minus_beta1 = 0;
  /// β₂.
  float beta2 = 0;
  /// 1 - β₂, computed in double.
  float one_minus_beta2 = 0;
  /// λ of coupled decay, which is added to g.
  float weight_decay = 0;
  /// 1 - lr·λ of decoupled decay.
  float shrink = 1;
  /// The factor of g, lr included.
  float gradient_size = 0;
  /// The factor of m, lr included.
  float average_size = 0;
  /// 1 / √(1 - β₂ᵗ).
  float root_correction = 1;
  /// Added to the root of v.
  float eps = 0;

  /// One element's step.
  PLASTIC_HOST_DEVICE void operator()(float& theta, float g, float& exp_avg,
                                      float& exp_avg_sq) const {
    g += weight_decay == 0 ? 0 : weight_decay * theta;
    exp_avg = beta1 * exp_avg + one_minus_beta1 * g;
    exp_avg_sq = beta2 * exp_avg_sq + one_minus_beta2 * g * g;
    theta = shrink * theta - (gradient_size * g + average_size * exp_avg) /
                                 (square_root(exp_avg_sq) * root_correction + eps);
  }
};

/// The optimizer of NAdamOptions. State: exp_avg (m) and exp_avg_sq (v).
class NAdam : public Elementwise<NAdamRule> {
 public:
  /// Throws Error for options out of range and for parameters that Optimizer refuses.
  explicit NAdam(const std::vector<Tensor>& parameters, const NAdamOptions& options = {});
  /// The same for several groups.
  explicit NAdam(const std::vector<NAdamGroup>& groups);

 private:
  NAdamRule rule(const ParameterStep& at) const override;

  std::vector<NAdamOptions> options_;
  /// For each group, μ₁·…·μₜ at t - 1, as far as it has been needed.
  mutable std::vector<std::vector<double>> products_;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
