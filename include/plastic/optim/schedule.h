#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "plastic/core/state_dict.h"
#include "plastic/optim/optimizer.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// A learning rate as a function of time: a value without state. Time is counted in calls of
/// Scheduler::step(), t = 0 being before the first, in epochs or in batches as the caller likes;
/// `base` is the rate that the optimizer was given. In exact arithmetic the rates are those of
/// torch.optim.lr_scheduler.
class Schedule {
 public:
  /// lr as a function of t and base, for schedules not provided here.
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

  /// The rate at time t.
  double lr(std::int64_t t, double base) const { return rule_(t, base); }

 private:
  std::function<double(std::int64_t, double)> rule_;
};

/// Keeps the learning rates of an optimizer, which must outlive it, on a schedule.
///
/// Others may set them in between: ReduceOnPlateau, a second Scheduler, a call of set_lr(). The
/// schedule continues from there, as the schedulers of PyTorch that can be chained do: the base
/// rate becomes the one that gives the new rate at this time, so that a rate reduced to a tenth
/// stays at a tenth of what it would have been (above `lowest` of cosine()). This also holds for
/// one_cycle() and at the end of a warmup(), where PyTorch's OneCycleLR and SequentialLR forget a
/// reduction. At times when the rate does not depend on the base rate, such as the end of a cosine,
/// the change has no effect on the rates that follow.
class Scheduler {
 public:
  /// Takes the optimizer's rates as base rates and sets those of time 0. To resume, construct it
  /// this way and then call load_state_dict().
  Scheduler(Optimizer& optimizer, Schedule schedule);

  /// Advances the time by one and sets the rates; call it after Optimizer::step() of a batch, or
  /// after an epoch. Throws Error, changing nothing, when a user-defined schedule gives a rate that
  /// is negative or not finite.
  void step();
  /// Calls of step() so far, those before a restored state included.
  std::int64_t time() const { return time_; }

  /// "time" (i64), "group.<g>.base_lr" and "group.<g>.lr", the current rate (f64): all that later
  /// rates depend on, so that a resumed run continues with the same bits.
  StateDict state_dict() const;
  /// Also sets the rates. Throws Error, changing nothing, when a name is missing, unknown or given
  /// twice, or a number is out of range. A state without "group.<g>.lr", as earlier versions wrote
  /// it, gives the rates of the schedule.
  void load_state_dict(const StateDict& state);

 private:
  /// The rates of all groups at a time. Throws Error.
  std::vector<double> rates(std::int64_t time, const std::vector<double>& base) const;
  /// The base rates, with changes that others made since the rates were set.
  std::vector<double> current_base() const;
  void set(const std::vector<double>& rates);

  Optimizer* optimizer_;
  Schedule schedule_;
  std::vector<double> base_;
  /// What was set last, by group.
  std::vector<double> set_;
  std::int64_t time_ = 0;
};

}  // namespace plastic::optim

#pragma GCC visibility pop
