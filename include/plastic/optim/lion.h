#pragma once

#include <vector>

#include "plastic/optim/elementwise.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// Lion: Chen et al., "Symbolic Discovery of Optimization Algorithms", arXiv 2302.06675.
///
/// c = β₁·m + (1 - β₁)·g, θ ← θ·(1 - lr·weight_decay) - lr·sign(c), m ← β₂·m + (1 - β₂)·g.
///
/// Every element moves by lr, so rates are 3 to 10 times smaller than AdamW's and weight decay is
/// larger by the same factor (section 5 of the paper).
struct LionOptions {
  /// Learning rate, 0 or more.
  double lr = 1e-4;
  /// Share of m in c, in [0, 1).
  double beta1 = 0.9;
  /// Decay of m, in [0, 1).
  double beta2 = 0.99;
  /// Decoupled.
  double weight_decay = 0;
};

/// Parameters with options of their own.
using LionGroup = ParameterGroup<LionOptions>;

/// The constants of a step of Lion.
struct LionRule {
  /// exp_avg (m).
  static constexpr int states = 1;
  /// Learning rate.
  float lr = 0;
  /// 1 - lr·weight_decay.
  float shrink = 1;
  /// β₁.
  float beta1 = 0;
  /// 1 - β₁, computed in double.
  float one_minus_beta1 = 0;
  /// β₂.
  float beta2 = 0;
  /// 1 - β₂, computed in double.
  float one_minus_beta2 = 0;

  /// One element's step.
  PLASTIC_HOST_DEVICE void operator()(float& theta, float g, float& exp_avg) const {
    const float c = beta1 * exp_avg + one_minus_beta1 * g;
    // 0 and NaN stay what they are.
    const float sign = c > 0 ? 1.0f : c < 0 ? -1.0f : c;
    theta = shrink * theta - lr * sign;
    exp_avg = beta2 * exp_avg + one_minus_beta2 * g;
  }
};

/// The optimizer of LionOptions. State: exp_avg (m).
class Lion : public Elementwise<LionRule> {
 public:
  /// Throws Error for options out of range and for parameters that Optimizer refuses.
  explicit Lion(const std::vector<Tensor>& parameters, const LionOptions& options = {});
  /// The same for several groups.
  explicit Lion(const std::vector<LionGroup>& groups);

 private:
  LionRule rule(const ParameterStep& at) const override;

  std::vector<LionOptions> options_;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
