#pragma once

#include <vector>

#include "plastic/optim/elementwise.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// The options of SGD as torch.optim.SGD has them.
struct SgdOptions {
  /// Learning rate, 0 or more.
  double lr = 1e-3;
  /// Buffer B ← momentum·B + (1 - dampening)·g; at a parameter's first step B = g, undampened.
  double momentum = 0;
  /// What the buffer leaves out of later gradients, 0 or more.
  double dampening = 0;
  /// Steps along g + momentum·B instead of B. Requires momentum and no dampening.
  bool nesterov = false;
  /// Coupled: g ← g + weight_decay·θ first.
  double weight_decay = 0;
};

/// Parameters with options of their own.
using SgdGroup = ParameterGroup<SgdOptions>;

/// PyTorch skips a term whose factor is 0, so an infinite x must not become NaN.
PLASTIC_HOST_DEVICE inline float times_unless_0(float factor, float x) {
  return factor == 0 ? 0 : factor * x;
}

/// SGD without momentum: θ ← θ - lr·(g + λ·θ).
struct SgdRule {
  /// None.
  static constexpr int states = 0;
  /// Learning rate.
  float lr = 0;
  /// λ.
  float weight_decay = 0;

  /// One element's step.
  PLASTIC_HOST_DEVICE void operator()(float& theta, float g) const {
    theta -= lr * (g + times_unless_0(weight_decay, theta));
  }
};

/// SGD with momentum as torch.optim.SGD: g' = g + λ·θ, B ← kept·B + taken·g', and θ ← θ - lr·B or,
/// with Nesterov's momentum, θ ← θ - lr·(g' + momentum·B).
struct MomentumRule {
  /// momentum_buffer (B).
  static constexpr int states = 1;
  /// Learning rate.
  float lr = 0;
  /// λ.
  float weight_decay = 0;
  /// momentum; 0 at a parameter's first step. 1, which leaves B unchanged, for a group without
  /// momentum when other groups have it.
  float kept = 0;
  /// 1 - dampening; 1 at a parameter's first step, 0 for such a group.
  float taken = 1;
  /// Weight of g' in the direction: 0; 1 with Nesterov's momentum, and without momentum.
  float gradient_share = 0;
  /// Weight of B in the direction: 1; with Nesterov's momentum, momentum; without momentum, 0.
  float buffer_share = 1;
  /// One element's step.
  PLASTIC_HOST_DEVICE void operator()(float& theta, float g, float& momentum_buffer) const {
    const float decayed = g + times_unless_0(weight_decay, theta);
    momentum_buffer = times_unless_0(kept, momentum_buffer) + times_unless_0(taken, decayed);
    theta -= lr * (times_unless_0(gradient_share, decayed) +
                   times_unless_0(buffer_share, momentum_buffer));
  }
};

/// Stochastic gradient descent with PyTorch's semantics (torch.optim.SGD).
class Sgd : public ElementwiseOptimizer {
 public:
  /// Throws Error for options out of range and for parameters that Optimizer refuses.
  explicit Sgd(const std::vector<Tensor>& parameters, const SgdOptions& options = {});
  /// The same for several groups.
  explicit Sgd(const std::vector<SgdGroup>& groups);

 private:
  void make_rule(const ParameterStep& at, void* rule) const override;

  std::vector<SgdOptions> options_;
  /// Whether any group has momentum.
  bool has_momentum_;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
