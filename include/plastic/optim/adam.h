#pragma once

#include <memory>
#include <vector>

#include "plastic/optim/optimizer.h"

namespace plastic::optim {

struct AdamStep;
template <class Step>
class Stepper;

/// Adam: Kingma & Ba, arXiv 1412.6980; AdamW: Loshchilov & Hutter, arXiv 1711.05101; PyTorch's
/// semantics.
///
/// m ← β₁·m + (1 - β₁)·g, v ← β₂·v + (1 - β₂)·g²,
/// θ ← θ - lr / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + eps), with the corrections computed in double.
struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  /// Added outside the root.
  double eps = 1e-8;
  /// Coupled: g ← g + weight_decay·θ.
  double weight_decay = 0;
};

struct AdamGroup {
  std::vector<Tensor> parameters;
  AdamOptions options;
};

class Adam : public Optimizer {
 public:
  /// Throws Error for options out of their range and for parameters that Optimizer does not take.
  explicit Adam(const std::vector<Tensor>& parameters, const AdamOptions& options = {});
  explicit Adam(const std::vector<AdamGroup>& groups);

  ~Adam() override;

 protected:
  Adam(const char* name, bool decoupled, const std::vector<AdamGroup>& groups);

 private:
  void prepare() override;
  void run() override;

  bool decoupled_;
  std::vector<AdamOptions> options_;
  Tensor average_;
  Tensor square_;
  std::unique_ptr<Stepper<AdamStep>> stepper_;
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
