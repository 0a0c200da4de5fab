#pragma once

#include <cmath>
#include <vector>

#include "plastic/optim/elementwise.h"

namespace plastic::optim {

/// Adam: Kingma & Ba, arXiv 1412.6980; AdamW: Loshchilov & Hutter, arXiv 1711.05101; PyTorch's
/// semantics.
///
/// m ← β₁·m + (1 - β₁)·g, v ← β₂·v + (1 - β₂)·g²,
/// θ ← θ - lr / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + eps), with the corrections computed in double.
struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  /// Added outside the square root.
  double eps = 1e-8;
  /// Coupled: g ← g + weight_decay·θ.
  double weight_decay = 0;
};

struct AdamGroup {
  std::vector<Tensor> parameters;
  AdamOptions options;
};

/// Adam and AdamW as in torch.optim: eps outside the square root, after the bias correction of v.
struct AdamRule {
  static constexpr int states = 2;
  float beta1 = 0, one_minus_beta1 = 0;
  float beta2 = 0, one_minus_beta2 = 0;
  /// Coupled decay is added to g; decoupled decay is `shrink` = 1 - lr·λ.
  float weight_decay = 0, shrink = 1;
  /// lr / (1 - β₁ᵗ) and 1 / √(1 - β₂ᵗ).
  float step_size = 0, root_correction = 1;
  float eps = 0;

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
    return step_size * exp_avg / (std::sqrt(exp_avg_sq) * root_correction + eps);
  }
};

class Adam : public Elementwise<AdamRule> {
 public:
  /// Throws Error for options out of range and for parameters that Optimizer refuses.
  explicit Adam(const std::vector<Tensor>& parameters, const AdamOptions& options = {});
  explicit Adam(const std::vector<AdamGroup>& groups);

  /// "direction": m̂ / (√v̂ + eps), of which the step subtracts lr times as much.
  std::vector<Signal> signals() const override;
  Inspection inspect(std::size_t parameter) const override;

 protected:
  Adam(const char* name, bool decoupled, const std::vector<AdamGroup>& groups);

 private:
  AdamRule rule(const ParameterStep& at) const override;

  bool decoupled_;
  std::vector<AdamOptions> options_;
};

/// As AdamOptions, with PyTorch's default for decoupled decay.
struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  /// Decoupled: θ ← θ·(1 - lr·weight_decay).
  double weight_decay = 1e-2;
};

struct AdamWGroup {
  std::vector<Tensor> parameters;
  AdamWOptions options;
};

/// Adam with decoupled decay.
class AdamW : public Adam {
 public:
  explicit AdamW(const std::vector<Tensor>& parameters, const AdamWOptions& options = {});
  explicit AdamW(const std::vector<AdamWGroup>& groups);
};

}  // namespace plastic::optim
