#pragma once

#include <limits>
#include <vector>

#include "plastic/optim/optimizer.h"

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
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-6;
  double weight_decay = 0.01;
  /// Whether m and v are divided by 1 - βᵗ.
  bool bias_correction = true;
  double min_norm = 0;
  double max_norm = std::numeric_limits<double>::infinity();
  /// Whether parameters with fewer than two axes are treated as the others are.
  bool adapt_vectors = false;
};

struct LambGroup {
  std::vector<Tensor> parameters;
  LambOptions options;
};

/// State: exp_avg and exp_avg_sq.
class Lamb : public Optimizer {
 public:
  /// Throws Error for options out of range and for parameters that Optimizer refuses.
  explicit Lamb(const std::vector<Tensor>& parameters, const LambOptions& options = {});
  explicit Lamb(const std::vector<LambGroup>& groups);

 private:
  void update(const ParameterStep& at) override;

  std::vector<LambOptions> options_;
};

}  // namespace plastic::optim
