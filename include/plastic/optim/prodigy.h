#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "plastic/optim/optimizer.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// Prodigy: Mishchenko and Defazio, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner",
/// arXiv 2306.06101, algorithm 4, as the authors' package (prodigyopt) has it: Adam whose rate is
/// multiplied by d, an estimate of the distance from the start to the solution. lr stays 1, or is a
/// schedule's factor; d_coef tunes it.
///
/// With γ = d·lr, multiplied by √(1 - β₂ᵏ) / (1 - β₁ᵏ) at step k with use_bias_correction, and θ₀
/// the value of a parameter before its first step:
/// m ← β₁·m + (1 - β₁)·d·g, v ← β₂·v + (1 - β₂)·d²·g²;
/// r ← β₃·r + (d/d0)·γ·⟨g, θ₀ - θ⟩, summed over all parameters; s ← β₃·s + (d/d0)·γ·g, with d for γ
/// under safeguard_warmup; d̂ = d_coef·r / ‖s‖₁, of all parameters.
/// d ← max(d, d̂) while d is d0; d_max ← max(d_max, d̂), d ← min(d_max, d·growth_rate).
/// θ ← θ·(1 - γ·weight_decay) - γ·m / (√v + d·eps), γ still of the old d, and eps of the new one;
/// without decouple the decay is added to g instead.
///
/// While all gradients have been 0, nothing changes. Where ours differs: with beta1 = 0 the package
/// multiplies γ·g by the new d; ours by that of the formula, the old one.
struct ProdigyOptions {
  /// Factor of the estimated rate, 0 or more.
  double lr = 1;
  /// Decay of m, in [0, 1).
  double beta1 = 0.9;
  /// Decay of v, in [0, 1).
  double beta2 = 0.999;
  /// √beta2 unless given.
  std::optional<double> beta3 = {};
  /// Added outside the square root, times d; above 0.
  double eps = 1e-8;
  /// 0 or more; how it acts, decouple says.
  double weight_decay = 0;
  /// Whether θ decays by itself rather than through g.
  bool decouple = true;
  /// Whether γ is corrected for the zeros that m and v start from.
  bool use_bias_correction = false;
  /// Leaves lr out of s, so that a warm-up of lr from near 0 does not make d too large.
  bool safeguard_warmup = false;
  /// Where d begins.
  double d0 = 1e-6;
  /// Factor of the estimate d̂, above 0.
  double d_coef = 1;
  /// d grows by no more than this factor per step; infinite for no bound.
  double growth_rate = std::numeric_limits<double>::infinity();
  /// r and s see every slice_p-th element of a parameter only, which saves memory.
  std::int64_t slice_p = 1;
};

/// Parameters with options of their own. Groups share d: they may differ in eps, weight_decay and
/// slice_p.
using ProdigyGroup = ParameterGroup<ProdigyOptions>;

/// State: exp_avg, exp_avg_sq, s and p0 (θ₀); d, d_max, d_numerator (r) and k for all together.
class Prodigy : public Optimizer {
 public:
  /// Throws Error for options out of range, for groups that differ in other options, and for
  /// parameters that Optimizer refuses. step() throws Error when the rates of groups differ, unless
  /// they are 0: such a group rests.
  explicit Prodigy(const std::vector<Tensor>& parameters, const ProdigyOptions& options = {});
  /// The same for several groups.
  explicit Prodigy(const std::vector<ProdigyGroup>& groups);

  /// The estimate d.
  double d() const;

 private:
  void before_updates(std::span<const ParameterStep> parameters) override;
  void update(const ParameterStep& at) override;
  /// Every slice_p-th element.
  Tensor sliced(const Tensor& tensor, std::size_t group) const;
  /// g, with the decay of a group that is not decoupled.
  Tensor decayed_gradient(const ParameterStep& at) const;

  std::vector<ProdigyOptions> options_;
  Tensor d_, d_max_, d_numerator_, k_;
  /// γ of the current step; 0 where nothing changes.
  double rate_ = 0;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
