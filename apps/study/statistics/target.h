#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace plastic::apps {

/// When a run reached a target.
struct TargetTime {
  /// Infinite where it never did.
  double steps = std::numeric_limits<double>::infinity();
  /// NaN where times are unknown.
  double seconds = std::numeric_limits<double>::infinity();

  bool is_reached() const { return steps < std::numeric_limits<double>::infinity(); }
};

/// The end of the first epoch whose accuracy is `target` or more. Evaluation is once per epoch, so
/// the number of steps is known to one epoch only. `seconds` is empty where unknown.
TargetTime time_to_target(std::span<const double> accuracies, std::span<const double> seconds,
                          std::int64_t steps_per_epoch, double target);

struct TargetStatistics {
  int runs = 0;
  int reached = 0;
  /// Medians over all runs; infinite where half of them or more did not reach it.
  double median_steps = std::numeric_limits<double>::infinity();
  double median_seconds = std::numeric_limits<double>::infinity();
};

TargetStatistics target_statistics(std::span<const TargetTime> times);

/// The middle one of the sorted values, or the mean of the two in the middle; infinite where one of
/// these is. NaN for none.
double median(std::vector<double> values);

}  // namespace plastic::apps
