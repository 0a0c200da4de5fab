#pragma once

#include <array>
#include <vector>

#include "plastic/optim/optimizer.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// By what Muon multiplies the rate for a matrix of `rows` outputs and `columns` inputs.
enum class MuonRate {
  /// √max(1, rows / columns): Jordan's.
  original,
  /// 0.2·√max(rows, columns): elements change about as much as AdamW's, so that its rates and decay
  /// can be used (Liu et al., "Muon is Scalable for LLM Training", arXiv 2502.16982).
  match_rms_adamw,
  /// √(rows / columns): Bernstein, "Deriving Muon", jeremybernste.in/writing/deriving-muon.
  spectral_unclamped,
};

/// Muon: Jordan et al., "Muon: An optimizer for hidden layers in neural networks",
/// kellerjordan.github.io/posts/muon. Matrices as in torch.optim.Muon, what is none by AdamW.
///
/// For a matrix: m ← momentum·m + (1 - momentum)·g; n = (1 - momentum)·g + momentum·m, or m without
/// nesterov; θ ← θ·(1 - lr·weight_decay) - lr·s·O, with s the factor of MuonRate and O n made
/// nearly orthogonal by Newton and Schulz: X = n / max(‖n‖, eps), then ns_steps times A = X·Xᵀ, X ←
/// a·X + (b·A + c·A²)·X.
///
/// Parameters of more than two axes, such as filters of convolutions, are matrices of (first axis)
/// × (all others). Of parameters with fewer than two axes, and of groups with use_muon = false,
/// where Jordan puts embeddings and the last layer: AdamW at the rate adamw_lr, which schedules
/// change in proportion to lr.
///
/// Where ours differs: the products are in f32 (in the precision of set_precision() on CUDA); both
/// PyTorch and Jordan's reference use bf16. For matrices at least half as long again as wide, up to
/// three steps are multiplied together before they are applied, which saves up to half of the work.
/// s is that of the flattened matrix; Jordan's reference takes the last two axes of filters, their
/// height and width, for rows and columns.
/// Defaults are Jordan's (PyTorch's are lr 1e-3 and weight_decay 0.1).
struct MuonOptions {
  /// Learning rate of matrices, above 0.
  double lr = 0.02;
  /// Decay of m, in [0, 1).
  double momentum = 0.95;
  /// Whether the gradient has its own share in n.
  bool nesterov = true;
  /// Decoupled, of all parameters.
  double weight_decay = 0;
  /// Steps of Newton and Schulz, 1 to 99.
  int ns_steps = 5;
  /// a, b and c.
  std::array<double, 3> ns_coefficients = {3.4445, -4.7750, 2.0315};
  /// The smallest norm that n is divided by, above 0.
  double eps = 1e-7;
  /// What lr is multiplied by.
  MuonRate adjust_lr = MuonRate::original;
  /// Whether matrices are Muon's.
  bool use_muon = true;
  /// Learning rate of what AdamW updates, 0 or more.
  double adamw_lr = 3e-4;
  /// Its β₁, in [0, 1).
  double adamw_beta1 = 0.9;
  /// Its β₂, in [0, 1).
  double adamw_beta2 = 0.95;
  /// Its eps, 0 or more.
  double adamw_eps = 1e-10;
};

/// Parameters with options of their own.
using MuonGroup = ParameterGroup<MuonOptions>;

/// State: momentum_buffer of matrices; exp_avg and exp_avg_sq of the others.
class Muon : public Optimizer {
 public:
  /// Throws Error for options out of range and for parameters that Optimizer refuses.
  explicit Muon(const std::vector<Tensor>& parameters, const MuonOptions& options = {});
  /// The same for several groups.
  explicit Muon(const std::vector<MuonGroup>& groups);

 private:
  void update(const ParameterStep& at) override;
  void update_matrix(const ParameterStep& at, const MuonOptions& options);
  void update_by_adamw(const ParameterStep& at, const MuonOptions& options);

  std::vector<MuonOptions> options_;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
