#include "apps/study/statistics/expected_best.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

using namespace plastic::apps;

// The mean over all subsets: (1 + 2 + 4) / 3, (2 + 4 + 4) / 3, 4.
TEST_CASE("apps.expected_best.all_subsets") {
  const std::vector<TrialResult> trials = {{4, 4}, {1, 1}, {2, 2}};
  const std::vector<BudgetPoint> curve = expected_best(trials);
  REQUIRE(curve.size() == 3);
  CHECK(curve[0].trials == 1);
  CHECK(curve[0].mean == doctest::Approx(7.0 / 3));
  CHECK(curve[1].mean == doctest::Approx(10.0 / 3));
  CHECK(curve[2].mean == doctest::Approx(4.0));
  CHECK(curve[0].deviation == doctest::Approx(std::sqrt(7.0 - 49.0 / 9)));
  CHECK(curve[2].deviation == 0.0);
}

// numpy: np.mean([max(c) for c in itertools.combinations(v, k)]) for k = 1, 3, 5 of
// v = [0.61, 0.72, 0.55, 0.80, 0.79, 0.10, 0.66].
TEST_CASE("apps.expected_best.as_numpy") {
  std::vector<TrialResult> trials;
  for (const double value : {0.61, 0.72, 0.55, 0.80, 0.79, 0.10, 0.66}) {
    trials.push_back({value, value});
  }
  const std::vector<BudgetPoint> curve = expected_best(trials);
  CHECK(curve[0].mean == doctest::Approx(0.6042857142857143).epsilon(1e-12));
  CHECK(curve[2].mean == doctest::Approx(0.766).epsilon(1e-12));
  CHECK(curve[4].mean == doctest::Approx(0.7938095238095241).epsilon(1e-12));
}

// What is chosen by one number and judged by another may become worse with more trials.
TEST_CASE("apps.expected_best.chosen_and_judged_apart") {
  const std::vector<TrialResult> trials = {{0.9, 0.5}, {0.8, 0.7}};
  const std::vector<BudgetPoint> curve = expected_best(trials);
  CHECK(curve[0].mean == doctest::Approx(0.6));
  CHECK(curve[1].mean == doctest::Approx(0.5));
}

TEST_CASE("apps.expected_best.ties_and_lost_trials") {
  const std::vector<TrialResult> tied = {{1, 0.2}, {1, 0.4}};
  CHECK(expected_best(tied)[1].mean == doctest::Approx(0.3));
  const std::vector<TrialResult> lost = {{std::numeric_limits<double>::quiet_NaN(), 0}, {0.1, 0.6}};
  CHECK(expected_best(lost)[0].mean == doctest::Approx(0.3));
  CHECK(expected_best(lost)[1].mean == doctest::Approx(0.6));
  CHECK(expected_best({}).empty());
}
