// The plane through points along their first two principal components.
#include "apps/landscape/principal_plane.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/text.h"

using namespace plastic;
using namespace plastic::apps;
using namespace plastic::test;

TEST_CASE("apps.landscape.plane.of_an_ellipse") {
  // On an ellipse with the half axes 3 and 1 in a plane of 20 dimensions, with a little beside it.
  Weights a(20, 0.0), b(20, 0.0), c(20, 0.0);
  for (std::size_t i = 0; i < 20; ++i) {
    a[i] = i % 2 == 0 ? std::sqrt(0.1) : 0;
    b[i] = i % 2 == 1 ? std::sqrt(0.1) : 0;
  }
  c[0] = std::sqrt(0.5);
  c[2] = -std::sqrt(0.5);
  std::vector<Weights> points;
  for (int i = 0; i < 12; ++i) {
    const double angle = M_PI * i / 6;
    Weights point(20, 5.0);
    point = plus(point, 3 * std::cos(angle), a);
    point = plus(point, std::sin(angle), b);
    points.push_back(plus(point, i % 2 == 0 ? 0.1 : -0.1, c));
  }
  Generator generator;
  const PrincipalPlane plane = principal_plane(points, generator);
  for (const double element : plane.origin) CHECK(element == doctest::Approx(5));
  CHECK(std::abs(dot(plane.first, a)) == doctest::Approx(1));
  CHECK(std::abs(dot(plane.second, b)) == doctest::Approx(1));
  CHECK(dot(plane.first, plane.second) == doctest::Approx(0).epsilon(1e-9));
  // The sums of the squares: 9·6, 1·6 and 0.01·12.
  CHECK(plane.shares[0] == doctest::Approx(54 / 60.12));
  CHECK(plane.shares[1] == doctest::Approx(6 / 60.12));
}

TEST_CASE("apps.landscape.plane.of_two_points") {
  Generator generator{.seed = 1};
  const std::vector<Weights> points = {{1, 2, 3, 4}, {1, 2, 5, 4}};
  const PrincipalPlane plane = principal_plane(points, generator);
  CHECK(std::abs(plane.first[2]) == doctest::Approx(1));
  CHECK(plane.shares[0] == doctest::Approx(1));
  CHECK(plane.shares[1] == 0);
  CHECK(dot(plane.second, plane.second) == doctest::Approx(1));
  CHECK(plane.second[2] == doctest::Approx(0));
  CHECK(contains(error_of([&] {
                   principal_plane({{1, 2, 3, 4}, {1, 2, 3, 4}}, generator);
                 }),
                 "all the same"));
}
