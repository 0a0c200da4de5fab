#pragma once

#include <cstdint>

#include "plastic/core/state_dict.h"
#include "plastic/optim/optimizer.h"

namespace plastic::optim {

enum class PlateauMode { min, max };
/// How much better than the best is better. In mode min, relative: metric < best·(1 - threshold),
/// absolute: metric < best - threshold; in mode max likewise with + and >. As in PyTorch, relative
/// is meant for metrics above 0: of a negative one, what is as good as the best, or a little worse,
/// counts as better. Take absolute for metrics that may be negative, such as log-likelihoods.
enum class PlateauThreshold { relative, absolute };

/// The options and defaults of torch.optim.lr_scheduler.ReduceLROnPlateau.
struct PlateauOptions {
  /// Whether a lower or a higher metric is better.
  PlateauMode mode = PlateauMode::min;
  /// lr ← max(lr·factor, lowest); in (0, 1).
  double factor = 0.1;
  /// Epochs without improvement to put up with; the next one reduces lr.
  std::int64_t patience = 10;
  double threshold = 1e-4;
  PlateauThreshold threshold_mode = PlateauThreshold::relative;
  /// Epochs after a reduction in which nothing is counted.
  std::int64_t cooldown = 0;
  double lowest = 0;
  /// Reductions by no more than this are left out.
  double eps = 1e-8;
};

/// Reduces the learning rates of an optimizer, which must outlive it, when a metric no longer gets
/// better. A Scheduler on the same optimizer continues from the reduced rates. To resume both, load
/// the states of the optimizer and of both.
class ReduceOnPlateau {
 public:
  /// Throws Error for options out of their range.
  explicit ReduceOnPlateau(Optimizer& optimizer, const PlateauOptions& options = {});

  /// To be called with the metric once an epoch; true when it was time to reduce. A metric that is
  /// NaN is no improvement.
  bool step(double metric);
  /// The best metric so far; infinite before the first.
  double best() const { return best_; }

  /// "best" (f64), "bad_epochs" and "cooldown_left" (i64). The rates are in the optimizer's state.
  StateDict state_dict() const;
  /// Throws Error, changing nothing, when a name is missing, unknown or there twice, or a number is
  /// out of its range.
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
