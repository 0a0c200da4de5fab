#pragma once

#include <vector>

#include "plastic/optim/elementwise.h"

namespace plastic::optim {

struct SgdOptions {
  double lr = 1e-3;
  /// Buffer B ← momentum·B + (1 - dampening)·g; at a parameter's first step B = g, undampened.
  double momentum = 0;
  double dampening = 0;
  /// Steps along g + momentum·B instead of B. Needs momentum and no dampening.
  bool nesterov = false;
  /// Coupled: g ← g + weight_decay·θ before all else.
  double weight_decay = 0;
};

struct SgdGroup {
  std::vector<Tensor> parameters;
  SgdOptions options;
};

/// What PyTorch leaves out where a factor is 0 must not make a NaN of an infinity.
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
  /// momentum and 1 - dampening; 0 and 1 at a parameter's first step. 1 and 0, which leave B as it
  /// is, for a group without momentum beside others that have it.
  float kept = 0, taken = 1;
  /// Of g' and of B in the direction: 0 and 1; Nesterov's 1 and momentum; 1 and 0 without momentum.
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
  /// Throws Error for options out of their range and for parameters that Optimizer does not take.
  explicit Sgd(const std::vector<Tensor>& parameters, const SgdOptions& options = {});
  explicit Sgd(const std::vector<SgdGroup>& groups);

 private:
  void make_rule(const ParameterStep& at, void* rule) const override;

  std::vector<SgdOptions> options_;
  /// Whether any group has it.
  bool has_momentum_;
};

}  // namespace plastic::optim
