#pragma once

#include <limits>
#include <vector>

#include "plastic/optim/optimizer.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// LAMB: You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes",
/// arXiv 1904.00962, algorithm 2.
///
/// m ← β₁·m + (1 - β₁)·g, v ← β₂·v + (1 - β₂)·g²,
/// u = (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + eps) + weight_decay·θ,
/// θ ← θ - lr·r·u, with r = φ(‖θ‖) / ‖u‖ and φ(z) = min(max(z, min_norm), max_norm), for each
/// parameter tensor; r = 1 where φ(‖θ‖) or ‖u‖ is 0.
///
/// Parameters with fewer than two axes (biases, gains of normalisations) have no decay, and r = 1,
/// as in the authors' code; the paper's algorithm does not except them (adapt_vectors). NVIDIA's
/// and other implementations divide gradients by their norm first: see clip_grad_norm().
struct LambOptions {
  /// Learning rate, 0 or more.
  double lr = 1e-3;
  /// Decay of m, in [0, 1).
  double beta1 = 0.9;
  /// Decay of v, in [0, 1).
  double beta2 = 0.999;
  /// Added outside the square root, 0 or more.
  double eps = 1e-6;
  /// In u, and so scaled by r, 0 or more.
  double weight_decay = 0.01;
  /// Whether m and v are divided by 1 - βᵗ.
  bool bias_correction = true;
  /// The smallest φ(‖θ‖), 0 or more.
  double min_norm = 0;
  /// The largest φ(‖θ‖), at least min_norm.
  double max_norm = std::numeric_limits<double>::infinity();
  /// Whether parameters with fewer than two axes are treated as the others are.
  bool adapt_vectors = false;
};

/// Parameters with options of their own.
using LambGroup = ParameterGroup<LambOptions>;

/// State: exp_avg and exp_avg_sq.
class Lamb : public Optimizer {
 public:
  /// Throws Error for options out of range and for parameters that Optimizer refuses.
  explicit Lamb(const std::vector<Tensor>& parameters, const LambOptions& options = {});
  /// The same for several groups.
  explicit Lamb(const std::vector<LambGroup>& groups);

 private:
  void update(const ParameterStep& at) override;

  std::vector<LambOptions> options_;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
