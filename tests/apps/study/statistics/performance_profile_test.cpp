#include "apps/study/statistics/performance_profile.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "plastic/core/error.h"

using namespace plastic::apps;

namespace {

const double never = std::numeric_limits<double>::infinity();
const std::vector<std::string> solvers = {"a", "b"};

}  // namespace

// a needs 1, 2 and 1 times the best, b 3, 1 and for ever.
TEST_CASE("apps.performance_profile.staircase") {
  const std::vector<TaskCosts> tasks = {{"x", {10, 30}}, {"y", {8, 4}}, {"z", {5, never}}};
  const std::vector<ProfileCurve> curves = performance_profile(solvers, tasks);
  REQUIRE(curves.size() == 2);
  REQUIRE(curves[0].points.size() == 2);
  CHECK(curves[0].points[0].ratio == 1.0);
  CHECK(curves[0].points[0].share == doctest::Approx(2.0 / 3));
  CHECK(curves[0].points[1].ratio == 2.0);
  CHECK(curves[0].points[1].share == doctest::Approx(1.0));
  REQUIRE(curves[1].points.size() == 2);
  CHECK(curves[1].points[0].share == doctest::Approx(1.0 / 3));
  CHECK(curves[1].points[1].ratio == 3.0);
  CHECK(curves[1].points[1].share == doctest::Approx(2.0 / 3));
  // (1 * 2/3 + 2 * 1) / 3 and (2 * 1/3 + 1 * 2/3) / 3.
  CHECK(curves[0].score == doctest::Approx(8.0 / 9));
  CHECK(curves[1].score == doctest::Approx(4.0 / 9));
}

TEST_CASE("apps.performance_profile.never_and_beyond_the_end") {
  const std::vector<TaskCosts> tasks = {{"x", {1, 50}}, {"y", {never, never}}};
  const std::vector<ProfileCurve> curves = performance_profile(solvers, tasks);
  CHECK(curves[0].points.back().share == 0.5);
  CHECK(curves[0].score == doctest::Approx(0.5));
  CHECK(curves[1].points.back().ratio == 50.0);
  CHECK(curves[1].score == 0.0);
}

TEST_CASE("apps.performance_profile.costs_that_are_none") {
  const std::vector<TaskCosts> zero = {{"x", {0, 1}}};
  const std::vector<TaskCosts> missing = {{"x", {1}}};
  CHECK_THROWS_AS(performance_profile(solvers, zero), plastic::Error);
  CHECK_THROWS_AS(performance_profile(solvers, missing), plastic::Error);
}
