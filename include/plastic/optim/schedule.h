#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "plastic/core/state_dict.h"
#include "plastic/optim/optimizer.h"

namespace plastic::optim {

/// A learning rate as a function of time: a value without state. Time is counted in calls of
/// Scheduler::step(), t = 0 being before the first, in epochs or in batches as the caller likes;
/// `base` is the rate that the optimizer was given. In exact arithmetic the rates are those of
/// torch.optim.lr_scheduler.
class Schedule {
 public:
  /// lr as a function of t and base, for schedules that are not here.
  explicit Schedule(std::function<double(std::int64_t t, double base)> rule);

  /// base
  static Schedule constant();
  /// base·gamma^⌊t/every⌋. Throws Error unless every >= 1 and gamma > 0.
  static Schedule step(std::int64_t every, double gamma = 0.1);
  /// base·gamma^t. Throws Error unless gamma > 0.
  static Schedule exponential(double gamma);
  /// lowest + (base - lowest)·(1 + cos(π·t/period))/2, from base at 0 to `lowest` at `period`,
  /// then back up. Loshchilov and Hutter, arXiv 1608.03983, without the restarts. Throws Error
  /// unless period >= 1 and lowest >= 0.
  static Schedule cosine(std::int64_t period, double lowest = 0);
  /// base·(first + (1 - first)·t/steps) for t < steps, then `after`, whose time starts there. As
  /// PyTorch's LinearLR and SequentialLR together. Throws Error unless steps >= 1 and first is in
  /// [0, 1].
  static Schedule warmup(std::int64_t steps, double first, Schedule after);
  /// base is the peak: from base/initial_divisor up to base in the first `rising` share of `total`
  /// steps, then down to base/initial_divisor/final_divisor at t = total - 1, both along half a
  /// cosine; it stays there afterwards. Smith and Topin, arXiv 1708.07120, as PyTorch's OneCycleLR
  /// without its cycling of momentum. Throws Error unless total >= 2, rising is in [0, 1] and the
  /// divisors are above 0.
  static Schedule one_cycle(std::int64_t total, double rising = 0.3, double initial_divisor = 25,
                            double final_divisor = 1e4);

  double lr(std::int64_t t, double base) const { return rule_(t, base); }

 private:
  std::function<double(std::int64_t, double)> rule_;
};

/// Keeps the learning rates of an optimizer, which must outlive it, on a schedule. The state of a
/// run is its time and base rates, so that a resumed run continues with the same bits.
class Scheduler {
 public:
  /// Takes the optimizer's rates for base and sets those of time 0. To resume, construct it so and
  /// then load_state_dict().
  Scheduler(Optimizer& optimizer, Schedule schedule);

  /// Goes on by one and sets the rates: after Optimizer::step() of a batch, or after an epoch.
  void step();
  std::int64_t time() const { return time_; }

  /// "time" (i64) and "group.<g>.base_lr" (f64).
  StateDict state_dict() const;
  /// Also sets the rates. Throws Error, changing nothing, when a name is missing, unknown or there
  /// twice, or a number is out of its range.
  void load_state_dict(const StateDict& state);

 private:
  void set_rates();

  Optimizer* optimizer_;
  Schedule schedule_;
  std::vector<double> base_;
  std::int64_t time_ = 0;
};

}  // namespace plastic::optim
