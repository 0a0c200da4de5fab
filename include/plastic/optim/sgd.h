#pragma once

#include <vector>

#include "plastic/optim/elementwise.h"

namespace plastic::optim {

struct SgdOptions {
  double lr = 1e-3;
  /// Buffer B ← momentum·B + (1 - dampening)·g; at a parameter's first step B = g, undampened.
  double momentum = 0;
  double dampening = 0;
  /// Steps along g + momentum·B instead of B. Requires momentum and no dampening.
  bool nesterov = false;
  /// Coupled: g ← g + weight_decay·θ first.
  double weight_decay = 0;
};

struct SgdGroup {
  std::vector<Tensor> parameters;
  SgdOptions options;
};

/// PyTorch skips a term whose factor is 0, so an infinite x must not become NaN.
PLASTIC_HOST_DEVICE inline float times_unless_0(float factor, float x) {
  return factor == 0 ? 0 : factor * x;
}

/// SGD without momentum: θ ← θ - lr·(g + λ·θ).
struct SgdRule {
  static constexpr int states = 0;
  float lr = 0, weight_decay = 0;

  PLASTIC_HOST_DEVICE void operator()(float& theta, float g) const {
    theta -= lr * (g + times_unless_0(weight_decay, theta));
  }
};

/// SGD with momentum as torch.optim.SGD: g' = g + λ·θ, B ← kept·B + taken·g', and θ ← θ - lr·B or,
/// with Nesterov's momentum, θ ← θ - lr·(g' + momentum·B).
struct MomentumRule {
  static constexpr int states = 1;
  float lr = 0, weight_decay = 0;
  /// momentum and 1 - dampening; 0 and 1 at a parameter's first step. 1 and 0, which leave B
  /// unchanged, for a group without momentum when other groups have it.
  float kept = 0, taken = 1;
  /// Weights of g' and B in the direction: 0 and 1; with Nesterov, 1 and momentum; without
  /// momentum, 1 and 0.
  float gradient_share = 0, buffer_share = 1;

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
  explicit Sgd(const std::vector<SgdGroup>& groups);

 private:
  void make_rule(const ParameterStep& at, void* rule) const override;

  std::vector<SgdOptions> options_;
  /// Whether any group has momentum.
  bool has_momentum_;
};

}  // namespace plastic::optim
