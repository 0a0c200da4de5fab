#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plastic/optim/optimizer.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// SOAP: Vyas et al., "SOAP: Improving and Stabilizing Shampoo using Adam", arXiv 2409.11321,
/// algorithm 3: Adam in the eigenbasis of Shampoo's preconditioner.
///
/// For each axis of a parameter, with G the gradient with this axis for rows and all others for
/// columns: L ← L + (1 - shampoo_beta)·(G·Gᵀ - L); Q holds the eigenvectors of L. For the
/// projection p of g, each axis multiplied by its Qᵀ: m ← β₁·m + (1 - β₁)·p, v ← β₂·v + (1 -
/// β₂)·p²; u = m / (√v + eps), multiplied by √(1 - β₂ᵗ) / (1 - β₁ᵗ) with correct_bias, and back by
/// Q; θ ← (θ - lr·u)·(1 - lr·weight_decay). L follows the step. The first gradient gives L and Q
/// only: θ, m and v stay. Every precondition_frequency steps Q becomes that of the QR decomposition
/// of L·Q, its columns sorted by their eigenvalues' estimates diag(Qᵀ·L·Q), largest first, and v
/// with them. m is turned to the new basis.
///
/// Parameters with one axis are left to Adam unless precondition_1d. The decompositions are
/// computed on the CPU, whichever the device. Where the first gradient does not determine all
/// eigenvectors, as in a matrix that is not square, ours and another implementation's may differ.
struct SoapOptions {
  /// Learning rate, 0 or more.
  double lr = 3e-3;
  /// Decay of m, in [0, 1).
  double beta1 = 0.95;
  /// Decay of v, in [0, 1).
  double beta2 = 0.95;
  /// beta2 unless given.
  std::optional<double> shampoo_beta = {};
  /// Added outside the square root, 0 or more.
  double eps = 1e-8;
  /// Decoupled.
  double weight_decay = 0.01;
  /// Steps from one basis to the next, at least 1.
  std::int64_t precondition_frequency = 10;
  /// Axes longer than this keep the identity for Q.
  std::int64_t max_precondition_dim = 10000;
  /// Whether neighbouring axes are joined while their product is no more than
  /// max_precondition_dim.
  bool merge_dims = false;
  /// Whether parameters with one axis have a preconditioner as well.
  bool precondition_1d = false;
  /// Whether u is divided by the root of its mean square.
  bool normalize_gradients = false;
  /// Whether u is corrected for the zeros that m and v start from.
  bool correct_bias = true;
};

/// Parameters with options of their own.
using SoapGroup = ParameterGroup<SoapOptions>;

/// State: exp_avg and exp_avg_sq, in the eigenbasis; for axis k, preconditioner_k (L) and basis_k
/// (Q).
class Soap : public Optimizer {
 public:
  /// Throws Error for options out of range and for parameters that Optimizer refuses.
  explicit Soap(const std::vector<Tensor>& parameters, const SoapOptions& options = {});
  /// The same for several groups.
  explicit Soap(const std::vector<SoapGroup>& groups);

 private:
  void update(const ParameterStep& at) override;
  /// Multiplies each axis by its Qᵀ, or, going back, by its Q.
  Tensor project(const Tensor& tensor, std::size_t index, bool back) const;
  /// L of every axis.
  void accumulate(const Tensor& gradient, std::size_t index, double shampoo_beta);
  void find_bases(std::size_t index);
  void refresh_bases(std::size_t index);
  bool has_basis(std::size_t index, std::size_t axis) const;

  std::vector<SoapOptions> options_;
  /// For each parameter: its shape with joined axes, and the longest axis that has a basis.
  std::vector<Shape> shapes_;
  std::vector<std::int64_t> max_dims_;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
