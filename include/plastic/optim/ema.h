#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plastic/core/state_dict.h"
#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// How an Ema averages.
struct EmaOptions {
  /// d of s ← d·s + (1 - d)·θ; in [0, 1).
  double decay = 0.999;
  /// Update n, counted from 1, uses min(d, (1 + n) / (10 + n)) instead, so that the first weights
  /// are forgotten sooner.
  bool warmup = false;
  /// Tensors that are not parameters but belong to them, such as Module::buffers(). Floating-point
  /// ones are averaged too; others, such as num_batches_tracked, are copied at each update. swap()
  /// exchanges all of them.
  std::vector<Tensor> buffers = {};
};

/// An exponential moving average of weights, for evaluation and for saving (Polyak and Juditsky,
/// 1992; torch.optim.swa_utils.AveragedModel with such a rule).
///
/// Buffers that are not given remain those of the model in training. The running statistics of
/// batch normalisations are such buffers: they belong to the weights that they were collected with,
/// and with the averaged weights the normalised activations may be far from mean 0 and variance 1.
/// Either recompute them under the averages, which is exact,
///   ema.swap();
///   nn::update_batch_norm(*model, next_batch);
/// (and again after swapping back, unless training continues), or have them averaged too, which
/// costs no pass over the data and is close when the weights change little over the span of the
/// average:
///   optim::Ema ema(model->parameters(), {.decay = 0.999, .buffers = model->buffers()});
class Ema {
 public:
  /// Starts from copies of the parameters, which must be f32 or f64; frozen parameters are averaged
  /// as well. Throws Error for a decay out of range, for other dtypes and for an empty list.
  explicit Ema(const std::vector<Tensor>& parameters, const EmaOptions& options = {});

  /// Adds the parameters to the average; call it after Optimizer::step(). Throws Error, changing
  /// nothing, while swapped, or when a parameter's shape, dtype or device has changed.
  void update();
  /// Exchanges the parameters with their averages; call it before an evaluation and again after it.
  void swap();
  /// Whether the parameters currently hold the averages.
  bool is_swapped() const { return swapped_; }
  /// How often update() was called.
  std::int64_t updates() const { return updates_; }

  /// Copies: "average.<i>" of the i-th parameter, with buffers counted after the parameters, and
  /// "updates" (i64). Throws Error while swapped; so does load_state_dict().
  StateDict state_dict() const;
  /// Throws Error, changing nothing, when a name is missing, unknown or given twice, or a shape
  /// differs.
  void load_state_dict(const StateDict& state);

 private:
  void check_parameters(const char* what) const;
  void check_not_swapped(const char* what) const;

  // Each tensor once, however often it was given, floating-point ones first.
  std::vector<Tensor> parameters_;
  std::vector<Tensor> averages_;
  /// How many are averaged; the others are copied.
  std::size_t averaged_ = 0;
  /// The index in parameters_ of the i-th tensor given.
  std::vector<std::size_t> places_;
  double decay_;
  bool warmup_;
  std::int64_t updates_ = 0;
  bool swapped_ = false;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
