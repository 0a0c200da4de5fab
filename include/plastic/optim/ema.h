#pragma once

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
};

/// An exponential moving average of weights, to evaluate and to keep (Polyak and Juditsky, 1992;
/// torch.optim.swa_utils.AveragedModel with such a rule).
class Ema {
 public:
  /// Starts from copies of the parameters, which must be f32 or f64. Throws Error for a decay out
  /// of its range, for other dtypes and for an empty list.
  explicit Ema(const std::vector<Tensor>& parameters, const EmaOptions& options = {});

  /// Takes the parameters into the average: after Optimizer::step(). Throws Error while swapped,
  /// or when a parameter changed its shape, dtype or device.
  void update();
  /// Exchanges the parameters with their averages: once before an evaluation, once after it.
  void swap();
  /// Whether the parameters hold the averages at present.
  bool is_swapped() const { return swapped_; }
  std::int64_t updates() const { return updates_; }

  /// Copies: "average.<i>" of the i-th parameter, and "updates" (i64). Throws Error while swapped;
  /// so does load_state_dict().
  StateDict state_dict() const;
  /// Throws Error, changing nothing, when a name is missing, unknown or there twice, or a shape
  /// differs.
  void load_state_dict(const StateDict& state);

 private:
  void check_parameters(const char* what) const;
  void check_not_swapped(const char* what) const;

  std::vector<Tensor> parameters_;
  std::vector<Tensor> averages_;
  EmaOptions options_;
  std::int64_t updates_ = 0;
  bool swapped_ = false;
};

}  // namespace plastic::optim
