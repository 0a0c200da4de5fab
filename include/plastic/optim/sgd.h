#pragma once

#include <memory>
#include <vector>

#include "plastic/optim/optimizer.h"

namespace plastic::optim {

struct SgdStep;
template <class Step>
class Stepper;

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

/// Stochastic gradient descent with PyTorch's semantics (torch.optim.SGD): θ ← θ - lr·B.
class Sgd : public Optimizer {
 public:
  /// Throws Error for options out of their range and for parameters that Optimizer does not take.
  explicit Sgd(const std::vector<Tensor>& parameters, const SgdOptions& options = {});
  explicit Sgd(const std::vector<SgdGroup>& groups);

  ~Sgd() override;

 private:
  void prepare() override;
  void run() override;

  std::vector<SgdOptions> options_;
  /// Undefined when no group has momentum.
  Tensor momentum_;
  std::unique_ptr<Stepper<SgdStep>> stepper_;
};

}  // namespace plastic::optim
