#pragma once

#include <vector>

#include "plastic/optim/elementwise.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// RAdam: Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", arXiv 1908.03265.
/// PyTorch's semantics (torch.optim.RAdam).
///
/// m ← β₁·m + (1 - β₁)·g, v ← β₂·v + (1 - β₂)·g², ρ∞ = 2/(1 - β₂) - 1,
/// ρₜ = ρ∞ - 2·t·β₂ᵗ/(1 - β₂ᵗ). Where ρₜ > 5,
///   r = √((ρₜ - 4)·(ρₜ - 2)·ρ∞ / ((ρ∞ - 4)·(ρ∞ - 2)·ρₜ)),
///   θ ← θ - lr·r·m/(1 - β₁ᵗ) · √(1 - β₂ᵗ)/(√v + eps);
/// before, in the first steps of each parameter, θ ← θ - lr·m/(1 - β₁ᵗ).
///
/// As in PyTorch eps is added to √v before the bias correction, and the bound on ρₜ is 5; the paper
/// has 4.
struct RAdamOptions {
  /// Learning rate, 0 or more.
  double lr = 1e-3;
  /// Decay of m, in [0, 1).
  double beta1 = 0.9;
  /// Decay of v, in [0, 1).
  double beta2 = 0.999;
  /// Added to √v, above 0.
  double eps = 1e-8;
  /// 0 or more; how it acts, decoupled_weight_decay says.
  double weight_decay = 0;
  /// θ ← θ·(1 - lr·weight_decay) first, as in the authors' code. Otherwise g ← g + weight_decay·θ.
  bool decoupled_weight_decay = false;
};

/// Parameters with options of their own.
using RAdamGroup = ParameterGroup<RAdamOptions>;

/// The constants of a step of RAdam.
struct RAdamRule {
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
  /// The factor of m or, where rectified, of m / (√v + eps).
  float step_size = 0;
  /// Added to √v.
  float eps = 0;
  /// Whether ρₜ > 5.
  bool is_rectified = false;

  /// One element's step.
  PLASTIC_HOST_DEVICE void operator()(float& theta, float g, float& exp_avg,
                                      float& exp_avg_sq) const {
    g += weight_decay == 0 ? 0 : weight_decay * theta;
    exp_avg = beta1 * exp_avg + one_minus_beta1 * g;
    exp_avg_sq = beta2 * exp_avg_sq + one_minus_beta2 * g * g;
    const float root = square_root(exp_avg_sq) + eps;
    theta = shrink * theta - step_size * exp_avg / (is_rectified ? root : 1.0f);
  }
};

/// The optimizer of RAdamOptions. State: exp_avg (m) and exp_avg_sq (v).
class RAdam : public Elementwise<RAdamRule> {
 public:
  /// Throws Error for options out of range and for parameters that Optimizer refuses.
  explicit RAdam(const std::vector<Tensor>& parameters, const RAdamOptions& options = {});
  /// The same for several groups.
  explicit RAdam(const std::vector<RAdamGroup>& groups);

 private:
  RAdamRule rule(const ParameterStep& at) const override;

  std::vector<RAdamOptions> options_;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
