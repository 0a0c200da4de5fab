#pragma once

#include <limits>
#include <vector>

#include "plastic/optim/optimizer.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// Adafactor with PyTorch's semantics (torch.optim.Adafactor): Shazeer and Stern, "Adafactor:
/// Adaptive Learning Rates with Sublinear Memory Cost", arXiv 1804.04235, algorithms 4 to 6.
///
/// ρ = min(lr, 1/√t), α = max(eps2, rms(θ))·ρ, w = t^beta2_decay, where rms is the root of the mean
/// square; θ ← θ·(1 - lr·weight_decay).
/// For a matrix, with means over columns and rows: R ← R + w·(mean_c g² - R), C ← C + w·(mean_r g²
/// - C), V = R·C / max(mean R, eps1). Of more axes: for the matrices of the last two. Of fewer: V ←
/// V + w·(g² - V). u = g / √max(V, eps1²), θ ← θ - α·u / max(1, rms(u) / d).
///
/// Like PyTorch's, ours has no momentum (β₁ of the paper is 0), and eps1 bounds V where the paper
/// adds it to g².
struct AdafactorOptions {
  /// Bound of the rate, 0 or more: ρ = min(lr, 1/√t).
  double lr = 1e-2;
  /// Exponent of t in w, 0 or less.
  double beta2_decay = -0.8;
  /// By default the difference of 1 and the next f32.
  double eps1 = std::numeric_limits<float>::epsilon();
  /// The smallest scale of a parameter, 0 or more.
  double eps2 = 1e-3;
  /// The largest rms of an update.
  double d = 1;
  /// Decoupled, 0 or more.
  double weight_decay = 0;
};

/// Parameters with options of their own.
using AdafactorGroup = ParameterGroup<AdafactorOptions>;

/// State: row_var and col_var of parameters with two or more axes, variance of the others.
class Adafactor : public Optimizer {
 public:
  /// Throws Error for options out of range and for parameters that Optimizer refuses.
  explicit Adafactor(const std::vector<Tensor>& parameters, const AdafactorOptions& options = {});
  /// The same for several groups.
  explicit Adafactor(const std::vector<AdafactorGroup>& groups);

 private:
  void update(const ParameterStep& at) override;
  /// V.
  Tensor variance(const ParameterStep& at, const AdafactorOptions& options) const;

  std::vector<AdafactorOptions> options_;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
