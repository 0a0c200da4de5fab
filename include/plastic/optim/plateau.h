#pragma once

#include <cstdint>

#include "plastic/core/state_dict.h"
#include "plastic/optim/optimizer.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// Which metrics are better.
enum class PlateauMode {
  /// Lower ones, such as a loss.
  min,
  /// Higher ones, such as an accuracy.
  max,
};
/// How much better than the best counts as better. As in PyTorch, relative is meant for metrics
/// above 0: for a negative one, a value equal to the best, or slightly worse, counts as better. Use
/// absolute for metrics that can be negative, such as log-likelihoods.
enum class PlateauThreshold {
  /// In mode min, metric < best·(1 - threshold); in mode max, metric > best·(1 + threshold).
  relative,
  /// In mode min, metric < best - threshold; in mode max, metric > best + threshold.
  absolute,
};

/// The options and defaults of torch.optim.lr_scheduler.ReduceLROnPlateau.
struct PlateauOptions {
  /// Whether a lower or a higher metric is better.
  PlateauMode mode = PlateauMode::min;
  /// lr ← max(lr·factor, lowest); in (0, 1).
  double factor = 0.1;
  /// Epochs without improvement to tolerate; the next one reduces lr.
  std::int64_t patience = 10;
  /// See PlateauThreshold.
  double threshold = 1e-4;
  /// How it is applied.
  PlateauThreshold threshold_mode = PlateauThreshold::relative;
  /// Epochs after a reduction during which nothing is counted.
  std::int64_t cooldown = 0;
  /// The smallest rate, 0 or more.
  double lowest = 0;
  /// Reductions by no more than this are skipped.
  double eps = 1e-8;
};

/// Reduces the learning rates of an optimizer, which must outlive it, when a metric stops
/// improving. A Scheduler on the same optimizer continues from the reduced rates. To resume both,
/// load the states of the optimizer and of both.
class ReduceOnPlateau {
 public:
  /// Throws Error for options out of range.
  explicit ReduceOnPlateau(Optimizer& optimizer, const PlateauOptions& options = {});

  /// Call it with the metric once per epoch; returns true when it was time to reduce. NaN is not an
  /// improvement.
  bool step(double metric);
  /// The best metric so far; infinite before the first.
  double best() const { return best_; }

  /// "best" (f64), "bad_epochs" and "cooldown_left" (i64). The rates are in the optimizer's state.
  StateDict state_dict() const;
  /// Throws Error, changing nothing, when a name is missing, unknown or given twice, or a number is
  /// out of range.
  void load_state_dict(const StateDict& state);

 private:
  bool is_better(double metric) const;
  void reduce();

  Optimizer* optimizer_;
  PlateauOptions options_;
  double best_;
  std::int64_t bad_epochs_ = 0;
  std::int64_t cooldown_left_ = 0;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
