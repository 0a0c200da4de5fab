#include "apps/study/statistics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "plastic/core/error.h"

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

TEST_CASE("apps.statistics.paired_difference") {
  const std::vector<double> values = {3, 5, 5, 8};
  const std::vector<double> references = {1, 5, 6, 5};
  const PairedDifference difference = paired_difference(values, references);
  // 2, 0, -1, 3
  CHECK(difference.mean == doctest::Approx(1.0));
  CHECK(difference.deviation == doctest::Approx(std::sqrt(10.0 / 3.0)));
  CHECK(difference.wins == 2);
  CHECK(difference.ties == 1);
  CHECK(difference.losses == 1);
  CHECK(difference.pairs() == 4);
}

TEST_CASE("apps.statistics.pairs_must_match") {
  CHECK_THROWS_AS(paired_difference(std::vector<double>{1, 2}, std::vector<double>{1}),
                  plastic::Error);
  CHECK_THROWS_AS(paired_difference({}, {}), plastic::Error);
}
