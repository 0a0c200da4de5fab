#include "apps/study/statistics/target.h"

#include <algorithm>
#include <cmath>

namespace plastic::apps {

TargetTime time_to_target(std::span<const double> accuracies, std::span<const double> seconds,
                          std::int64_t steps_per_epoch, double target) {
  TargetTime time;
  double elapsed = 0.0;
  for (std::size_t epoch = 0; epoch < accuracies.size(); ++epoch) {
    elapsed += epoch < seconds.size() ? seconds[epoch] : std::numeric_limits<double>::quiet_NaN();
    // Also false for NaN.
    if (!(accuracies[epoch] >= target)) continue;
    time.steps = static_cast<double>(steps_per_epoch) * static_cast<double>(epoch + 1);
    time.seconds = elapsed;
    break;
  }
  return time;
}

TargetStatistics target_statistics(std::span<const TargetTime> times) {
  TargetStatistics statistics{.runs = static_cast<int>(times.size())};
  std::vector<double> steps, seconds;
  for (const TargetTime& time : times) {
    statistics.reached += time.is_reached() ? 1 : 0;
    steps.push_back(time.steps);
    seconds.push_back(time.seconds);
  }
  if (times.empty()) return statistics;
  statistics.median_steps = median(steps);
  const bool are_known =
      std::ranges::none_of(seconds, [](double value) { return std::isnan(value); });
  statistics.median_seconds =
      are_known ? median(seconds) : std::numeric_limits<double>::quiet_NaN();
  return statistics;
}

double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
}

}  // namespace plastic::apps
