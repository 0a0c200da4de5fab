#include "apps/study/statistics/holm.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

using namespace plastic::apps;

namespace {

void check_all(const std::vector<double>& given, const std::vector<double>& expected) {
  REQUIRE(given.size() == expected.size());
  for (std::size_t i = 0; i < given.size(); ++i) {
    CAPTURE(i);
    CHECK(given[i] == doctest::Approx(expected[i]).epsilon(1e-12));
  }
}

}  // namespace

// p.adjust(p, "holm") in R gives the same.
TEST_CASE("apps.holm.adjusts") {
  check_all(holm(std::vector<double>{0.01, 0.04, 0.03, 0.005}), {0.03, 0.06, 0.06, 0.02});
  check_all(holm(std::vector<double>{0.5, 0.6, 0.001}), {1.0, 1.0, 0.003});
  check_all(holm(std::vector<double>{0.04}), {0.04});
  CHECK(holm({}).empty());
}

TEST_CASE("apps.holm.what_was_not_tested_is_not_counted") {
  const double none = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> adjusted = holm(std::vector<double>{none, 0.01, none, 0.02});
  CHECK(std::isnan(adjusted[0]));
  CHECK(std::isnan(adjusted[2]));
  CHECK(adjusted[1] == doctest::Approx(0.02));
  CHECK(adjusted[3] == doctest::Approx(0.02));
}
