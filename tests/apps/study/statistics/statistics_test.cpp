#include "apps/study/statistics/statistics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace plastic::apps;

TEST_CASE("apps.statistics.mean_and_deviation") {
  const std::vector<double> values = {2, 4, 4, 4, 5, 5, 7, 9};
  CHECK(mean(values) == doctest::Approx(5.0));
  // Squares sum to 32; a sample divides by 7.
  CHECK(sample_deviation(values) == doctest::Approx(std::sqrt(32.0 / 7.0)));
  CHECK(sample_deviation(std::vector<double>{3, 3, 3}) == 0.0);
}

TEST_CASE("apps.statistics.too_few_values") {
  CHECK(std::isnan(mean({})));
  CHECK(std::isnan(sample_deviation(std::vector<double>{1})));
}
