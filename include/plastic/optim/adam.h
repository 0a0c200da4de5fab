#pragma once

#include <vector>

#include "plastic/optim/elementwise.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// Adam: Kingma & Ba, arXiv 1412.6980; AdamW: Loshchilov & Hutter, arXiv 1711.05101; PyTorch's
/// semantics.
///
/// m ← β₁·m + (1 - β₁)·g, v ← β₂·v + (1 - β₂)·g²,
/// θ ← θ - lr / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + eps), with the corrections computed in double.
struct AdamOptions {
  /// Learning rate, 0 or more.
  double lr = 1e-3;
  /// Decay of m, in [0, 1).
  double beta1 = 0.9;
  /// Decay of v, in [0, 1).
  double beta2 = 0.999;
  /// Added outside the square root; above 0.
  double eps = 1e-8;
  /// Coupled: g ← g + weight_decay·θ.
  double weight_decay = 0;
};

/// Parameters with options of their own.
using AdamGroup = ParameterGroup<AdamOptions>;

/// Adam and AdamW as in torch.optim: eps outside the square root, after the bias correction of v.
struct AdamRule {
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
  /// lr / (1 - β₁ᵗ).
  float step_size = 0;
  /// 1 / √(1 - β₂ᵗ).
  float root_correction = 1;
  /// Added to the root of v.
  float eps = 0;

  /// One element's step.
  PLASTIC_HOST_DEVICE void operator()(float& theta, float g, float& exp_avg,
                                      float& exp_avg_sq) const {
    // An infinite θ without decay leaves g as it is.
    g += weight_decay == 0 ? 0 : weight_decay * theta;
    exp_avg = beta1 * exp_avg + one_minus_beta1 * g;
    // In PyTorch's order, in which a square may exceed the range of f32.
    exp_avg_sq = beta2 * exp_avg_sq + one_minus_beta2 * g * g;
    theta = shrink * theta - move(exp_avg, exp_avg_sq);
  }

  /// What the step subtracts besides decay, from the averages that it left.
  PLASTIC_HOST_DEVICE float move(float exp_avg, float exp_avg_sq) const {
    return step_size * exp_avg / (square_root(exp_avg_sq) * root_correction + eps);
  }
};

/// The optimizer of AdamOptions. State: exp_avg (m) and exp_avg_sq (v).
class Adam : public Elementwise<AdamRule> {
 public:
  /// Throws Error for options out of range and for parameters that Optimizer refuses.
  explicit Adam(const std::vector<Tensor>& parameters, const AdamOptions& options = {});
  /// The same for several groups.
  explicit Adam(const std::vector<AdamGroup>& groups);

  /// "direction": m̂ / (√v̂ + eps), of which the step subtracts lr times as much.
  std::vector<Signal> signals() const override;
  Inspection inspect(std::size_t parameter) const override;

 protected:
  /// For AdamW: `decoupled` tells how the groups' weight_decay is meant, `name` is for messages.
  Adam(const char* name, bool decoupled, const std::vector<AdamGroup>& groups);

 private:
  AdamRule rule(const ParameterStep& at) const override;

  bool decoupled_;
  std::vector<AdamOptions> options_;
};

/// As AdamOptions, with PyTorch's default for decoupled decay.
struct AdamWOptions {
  /// Learning rate, 0 or more.
  double lr = 1e-3;
  /// Decay of m, in [0, 1).
  double beta1 = 0.9;
  /// Decay of v, in [0, 1).
  double beta2 = 0.999;
  /// Added outside the square root; above 0.
  double eps = 1e-8;
  /// Decoupled: θ ← θ·(1 - lr·weight_decay).
  double weight_decay = 1e-2;
};

/// Parameters with options of their own.
using AdamWGroup = ParameterGroup<AdamWOptions>;

/// Adam with decoupled decay.
class AdamW : public Adam {
 public:
  /// Throws Error for options out of range and for parameters that Optimizer refuses.
  explicit AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& options = {});
  /// The same for several groups.
  explicit AdamW(const std::vector<AdamWGroup>& groups);
};

}  // namespace plastic::optim

#pragma GCC visibility pop
