#include "apps/study/statistics/target.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace plastic::apps;

TEST_CASE("apps.target.first_epoch_that_reaches_it") {
  const std::vector<double> accuracies = {0.5, std::nan(""), 0.8, 0.7, 0.9};
  const std::vector<double> seconds = {1, 2, 4, 8, 16};
  const TargetTime time = time_to_target(accuracies, seconds, 100, 0.8);
  CHECK(time.is_reached());
  CHECK(time.steps == 300);
  CHECK(time.seconds == 7);
  CHECK_FALSE(time_to_target(accuracies, seconds, 100, 0.91).is_reached());
  const TargetTime untimed = time_to_target(accuracies, {}, 100, 0.8);
  CHECK(untimed.steps == 300);
  CHECK(std::isnan(untimed.seconds));
}

// A run that never reaches it is slower than any other, not left out.
TEST_CASE("apps.target.medians_keep_runs_that_never_do") {
  const std::vector<TargetTime> two_of_three = {{100, 1}, {}, {300, 2}};
  const TargetStatistics most = target_statistics(two_of_three);
  CHECK(most.reached == 2);
  CHECK(most.median_steps == 300);
  CHECK(most.median_seconds == 2);
  const std::vector<TargetTime> half = {{100, 1}, {}};
  CHECK(std::isinf(target_statistics(half).median_steps));
  const std::vector<TargetTime> untimed = {{100, std::nan("")}, {200, 1}, {300, 1}};
  CHECK(target_statistics(untimed).median_steps == 200);
  CHECK(std::isnan(target_statistics(untimed).median_seconds));
}

TEST_CASE("apps.target.median") {
  CHECK(median({3, 1, 2}) == 2);
  CHECK(median({4, 1, 2, 3}) == 2.5);
  CHECK(std::isnan(median({})));
}
