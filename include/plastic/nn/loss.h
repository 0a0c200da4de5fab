#pragma once

#include <cstdint>
#include <optional>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// @file
/// Losses with PyTorch's names, formulas and defaults (torch.nn.functional), differentiable in
/// every floating-point input. Unlike PyTorch's, they do not broadcast: shapes that do not match
/// are an Error. bf16 is converted to f32 first, so losses are f32 or f64.

/// What is returned of the elements' losses.
enum class Reduction {
  /// Their mean.
  mean,
  /// Their sum.
  sum,
  /// All of them, in the shape of the target.
  none,
};

/// (x - t)². Throws Error unless the shapes and dtypes, f32 or f64, are equal; so do l1_loss() and
/// huber_loss().
Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean);

/// |x - t|
Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean);

/// (x - t)²/2 where |x - t| <= delta, beyond it delta·(|x - t| - delta/2). Throws Error unless
/// delta is finite and above 0. Huber, "Robust estimation of a location parameter", 1964.
Tensor huber_loss(const Tensor& input, const Tensor& target, double delta = 1,
                  Reduction reduction = Reduction::mean);

/// What bce_with_logits_loss() takes beside its arguments.
struct BceWithLogitsOptions {
  /// Multiplies the losses; broadcasts to the shape of the input. Undefined: 1.
  Tensor weight = {};
  /// Multiplies the losses of positives; broadcasts likewise. Undefined: 1.
  Tensor pos_weight = {};
  /// What is returned.
  Reduction reduction = Reduction::mean;
};

/// Binary cross-entropy of logits x against probabilities t of the same shape:
/// -w·(p·t·log σ(x) + (1 - t)·log(1 - σ(x))), computed with softplus, so that large logits neither
/// overflow nor lose digits. The mean divides by the number of elements, whatever the weights. An
/// infinite logit whose class has a probability below 1 costs ∞; some of these are NaN in PyTorch.
Tensor bce_with_logits_loss(const Tensor& input, const Tensor& target,
                            const BceWithLogitsOptions& options = {});

/// What nll_loss() takes beside its arguments.
struct NllOptions {
  /// One number per class, (C), in the input's dtype, or f32 where that is bf16. Undefined: 1.
  /// Receives no gradient.
  Tensor weight = {};
  /// Elements with this target are left out; without a value, none are. (PyTorch's default is -100;
  /// here targets outside [0, C) are an Error unless this names them.)
  std::optional<std::int64_t> ignore_index = {};
  /// What is returned.
  Reduction reduction = Reduction::mean;
};

/// -w[t]·x[t] for log-probabilities x, (N, C) or (N, C, ...), and classes t, i64, (N) or (N, ...).
/// The mean divides by the sum of w[t] over the elements that count. Throws Error naming a target
/// that is neither in [0, C) nor ignore_index.
Tensor nll_loss(const Tensor& input, const Tensor& target, const NllOptions& options = {});

/// What cross_entropy_loss() takes beside its arguments.
struct CrossEntropyOptions {
  /// As in NllOptions.
  Tensor weight = {};
  /// As in NllOptions.
  std::optional<std::int64_t> ignore_index = {};
  /// ε in [0, 1]: the target is 1 - ε + ε/C for its class and ε/C for the others. Szegedy et al.,
  /// arXiv 1512.00567.
  double label_smoothing = 0;
  /// What is returned.
  Reduction reduction = Reduction::mean;
};

/// Cross-entropy of logits (N, C, ...) against classes (N, ...): with q = log_softmax(x),
/// -(1 - ε)·w[t]·q[t] - ε/C·Σ w[c]·q[c]. The mean divides by the sum of w[t], as in nll_loss().
/// Without options it is the fused plastic::cross_entropy.
Tensor cross_entropy_loss(const Tensor& input, const Tensor& target,
                          const CrossEntropyOptions& options = {});

/// cross_entropy_loss() as an object, as PyTorch names it.
class CrossEntropyLoss {
 public:
  /// Throws Error for options out of range.
  explicit CrossEntropyLoss(CrossEntropyOptions options = {});
  /// cross_entropy_loss() of logits (N, C, ...) and classes (N, ...).
  Tensor operator()(const Tensor& logits, const Tensor& targets) const;

 private:
  CrossEntropyOptions options_;
};

}  // namespace plastic::nn

#pragma GCC visibility pop
