// Grids, levels and outlines of what is at least as high.
#include "apps/landscape/contour.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/support/text.h"

using namespace plastic::apps;
using namespace plastic::test;

namespace {

// Positive where the outline runs counterclockwise.
double area(const std::vector<Point>& outline) {
  double twice = 0;
  for (std::size_t i = 0; i < outline.size(); ++i) {
    const Point& a = outline[i];
    const Point& b = outline[(i + 1) % outline.size()];
    twice += a[0] * b[1] - a[1] * b[0];
  }
  return twice / 2;
}

const Region square_region = {-2, 2, -2, 2};

}  // namespace

TEST_CASE("apps.landscape.contour.circle") {
  const Grid bowl = sample(square_region, 81, 81, [](double x, double y) { return x * x + y * y; });
  // All of the square but a circle of radius 1: the border, and the circle the other way round.
  const auto found = outlines(bowl, 1.0);
  REQUIRE(found.size() == 2);
  double sum = 0;
  for (const auto& outline : found) sum += area(outline);
  CHECK(sum == doctest::Approx(16 - M_PI).epsilon(0.002));
  const auto& circle = std::abs(area(found[0])) < 8 ? found[0] : found[1];
  CHECK(area(circle) < 0);
  for (const Point& point : circle) {
    CHECK(std::hypot(point[0], point[1]) == doctest::Approx(1).epsilon(0.002));
  }
  const Grid hill =
      sample(square_region, 81, 81, [](double x, double y) { return -x * x - y * y; });
  const auto disc = outlines(hill, -1.0);
  REQUIRE(disc.size() == 1);
  CHECK(area(disc[0]) == doctest::Approx(M_PI).epsilon(0.002));
}

TEST_CASE("apps.landscape.contour.saddles_and_borders") {
  const Grid saddle = sample(square_region, 41, 41, [](double x, double y) { return x * y; });
  double sum = 0;
  for (const auto& outline : outlines(saddle, 0.0)) sum += area(outline);
  CHECK(sum == doctest::Approx(8).epsilon(0.01));
  const Grid tilted = sample(square_region, 5, 5, [](double x, double) { return x; });
  CHECK(outlines(tilted, 3.0).empty());
  REQUIRE(outlines(tilted, -3.0).size() == 1);
  CHECK(area(outlines(tilted, -3.0)[0]) == doctest::Approx(16));
  REQUIRE(outlines(tilted, 0.5).size() == 1);
  CHECK(area(outlines(tilted, 0.5)[0]) == doctest::Approx(6));
}

TEST_CASE("apps.landscape.contour.levels") {
  const Grid bowl =
      sample(square_region, 41, 41, [](double x, double y) { return 100 * (x * x + y * y); });
  const auto levels = contour_levels(bowl, 12);
  REQUIRE(levels.size() == 12);
  int below_median = 0;
  std::vector<double> sorted = bowl.values;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < levels.size(); ++i) {
    CHECK(levels[i] > 0);
    CHECK(levels[i] < 800);
    if (i > 0) CHECK(levels[i] > levels[i - 1]);
    if (levels[i] < sorted[sorted.size() / 2]) ++below_median;
  }
  CHECK(below_median == 6);
  const Grid flat = sample(square_region, 5, 5, [](double, double) { return 3.0; });
  CHECK(contour_levels(flat, 12).empty());
}

TEST_CASE("apps.landscape.contour.not_finite") {
  const double infinity = std::numeric_limits<double>::infinity();
  const Grid grid = sample(square_region, 5, 5, [&](double x, double y) {
    return x > 1 ? infinity : y > 1 ? std::nan("") : x + y;
  });
  CHECK(grid.at(4, 0) == 2.0);
  CHECK(grid.at(0, 4) == 2.0);
  CHECK(contains(
      error_of([&] { sample(square_region, 5, 5, [&](double, double) { return infinity; }); }),
      "[landscape] no value in the picture is finite"));
}
