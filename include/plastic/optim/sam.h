#pragma once

#include <memory>
#include <vector>

#include "plastic/optim/optimizer.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// The neighbourhood that Sam looks at.
struct SamOptions {
  /// Radius of the neighbourhood.
  double rho = 0.05;
  /// ASAM: Kwon et al., arXiv 2102.11600. The neighbourhood of each weight is in proportion to its
  /// size; rho is then larger (0.5 to 2 in that paper).
  bool adaptive = false;
};

/// Sharpness-aware minimisation over any optimizer: Foret et al., arXiv 2010.01412. The step of
/// `base` is taken from θ, along the gradient at θ + ε, with g the gradient at θ and all parameters
/// as one vector:
///   ε = rho·g / (‖g‖ + 1e-12), or adaptive ε = rho·θ²⊙g / (‖|θ|⊙g‖ + 1e-12).
///
/// A step takes two gradients of one batch:
///
///     optim::Sam optimizer(std::make_unique<optim::Sgd>(model->parameters(), options));
///     ...
///     optimizer.zero_grad();
///     loss((*model)(x), labels).backward();
///     optimizer.perturb();                      // θ + ε
///     {
///       const nn::FrozenStatistics frozen;      // running statistics are those of θ
///       optimizer.zero_grad();
///       loss((*model)(x), labels).backward();
///     }
///     optimizer.step();                         // from θ
///
/// The running statistics of batch normalisations are to follow the first gradient only, as in the
/// authors' code and in davda54/sam (nn/frozen_statistics.h). In the authors' code both gradients
/// have the same dropout; set the generator back for that.
///
/// Rates, parameters and state are those of `base`, and Sam adds none: state_dict() is that of
/// `base`. Between perturb() and step() the parameters hold θ + ε, so save neither model nor state
/// then. A gradient hook sees the second gradient only: each process of a data-parallel run
/// perturbs along its own gradient, as the paper does.
class Sam : public Optimizer {
 public:
  /// Throws Error for a `base` that is null or takes several gradients per step itself, and for a
  /// negative or infinite rho.
  explicit Sam(std::unique_ptr<Optimizer> base, const SamOptions& options = {});
  ~Sam() override;

  int gradients_per_step() const override;
  /// Moves the parameters that have a gradient to θ + ε. Throws Error when it was called already
  /// since the last step(), and in evaluation mode.
  void perturb() override;
  /// Undoes perturb() without a step.
  void restore();

  void train() override;
  void eval() override;
  bool is_evaluating() const override;
  /// That of `base`: perturb() reads nothing on the host.
  bool is_capturable() const override;
  std::vector<Diagnostic> diagnostics() const override;
  std::vector<Signal> signals() const override;
  Inspection inspect(std::size_t parameter) const override;
  void set_epoch(int epoch, int total_epochs) override;

  /// The optimizer whose step is taken.
  const Optimizer& base() const { return *base_; }

 private:
  void prepare() override;
  /// Throws Error without a perturb() before.
  void run() override;

  std::unique_ptr<Optimizer> base_;
  SamOptions options_;
  /// θ, in the layout of the arena.
  Tensor before_;
  /// The parameters that perturb() moved.
  std::vector<std::size_t> moved_;
  bool is_perturbed_ = false;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
