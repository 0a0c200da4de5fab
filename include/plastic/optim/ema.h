#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plastic/core/state_dict.h"
#include "plastic/core/tensor.h"

namespace plastic::optim {

struct EmaOptions {
  /// d of s ← d·s + (1 - d)·θ; in [0, 1).
  double decay = 0.999;
  /// Update n, from 1, takes min(d, (1 + n) / (10 + n)) instead, so that the first weights are
  /// forgotten sooner.
  bool warmup = false;
  /// Tensors that are no parameters but belong to them, such as Module::buffers(). Those of
  /// floating point are averaged too, others, such as num_batches_tracked, are copied at each
  /// update; all are exchanged.
  std::vector<Tensor> buffers = {};
};

/// An exponential moving average of weights, to evaluate and to keep (Polyak and Juditsky, 1992;
/// torch.optim.swa_utils.AveragedModel with such a rule).
///
/// Buffers that are not given stay those of the model as it trains. The running statistics of batch
/// normalisations are such buffers: they belong to the weights that they were collected with, and
/// under the averages of weights the normalised activations may be far from mean 0 and variance 1.
/// So either recompute them under the averages, which is exact,
///   ema.swap();
///   nn::update_batch_norm(*model, next_batch);
/// (and once more after swapping back, unless training continues), or have them averaged too, which
/// costs no pass over the data and is close where the weights move little during the average:
///   optim::Ema ema(model->parameters(), {.decay = 0.999, .buffers = model->buffers()});
class Ema {
 public:
  /// Starts from copies of the parameters, which must be f32 or f64; a parameter that is frozen has
  /// an average as well. Throws Error for a decay out of its range, for other dtypes and for an
  /// empty list.
  explicit Ema(const std::vector<Tensor>& parameters, const EmaOptions& options = {});

  /// Takes the parameters into the average: after Optimizer::step(). Throws Error, changing
  /// nothing, while swapped, or when a parameter changed its shape, dtype or device.
  void update();
  /// Exchanges the parameters with their averages: once before an evaluation, once after it.
  void swap();
  /// Whether the parameters hold the averages at present.
  bool is_swapped() const { return swapped_; }
  std::int64_t updates() const { return updates_; }

  /// Copies: "average.<i>" of the i-th parameter, buffers being counted after them, and "updates"
  /// (i64). Throws Error while swapped; so does load_state_dict().
  StateDict state_dict() const;
  /// Throws Error, changing nothing, when a name is missing, unknown or there twice, or a shape
  /// differs.
  void load_state_dict(const StateDict& state);

 private:
  void check_parameters(const char* what) const;
  void check_not_swapped(const char* what) const;

  // Each tensor once, however often it was given, those of floating point first.
  std::vector<Tensor> parameters_;
  std::vector<Tensor> averages_;
  /// How many are averaged; the others are copied.
  std::size_t averaged_ = 0;
  /// Which of them the i-th that was given is.
  std::vector<std::size_t> places_;
  double decay_;
  bool warmup_;
  std::int64_t updates_ = 0;
  bool swapped_ = false;
};

}  // namespace plastic::optim
