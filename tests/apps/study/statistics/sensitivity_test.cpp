#include "apps/study/statistics/sensitivity.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

using namespace plastic::apps;

TEST_CASE("apps.sensitivity.numbers_in_bins_of_neighbours") {
  const std::vector<OptionTrial> trials = {{"0.1", 0.6},  {"0.001", 0.2},      {"0.01", 0.8},
                                           {"1e-4", 0.1}, {"1", std::nan("")}, {"0.02", 0.7}};
  const SensitivityCurve curve = sensitivity_curve("lr", trials);
  CHECK(curve.is_number);
  CHECK(curve.is_logarithmic);
  CHECK(curve.trials.front().value == "1e-4");
  REQUIRE(curve.bins.size() == 3);
  CHECK(curve.bins[0].label == "0.0001 to 0.001");
  CHECK(curve.bins[0].center == doctest::Approx(std::sqrt(1e-7)));
  CHECK(curve.bins[0].mean == doctest::Approx(0.15));
  CHECK(curve.bins[1].mean == doctest::Approx(0.75));
  CHECK(curve.bins[1].best == 0.8);
  CHECK(curve.bins[2].lost == 1);
  CHECK(curve.bins[2].mean == doctest::Approx(0.6));
  CHECK(curve.range == doctest::Approx(0.6));
}

// A search that spread an option evenly is drawn evenly, however wide it is.
TEST_CASE("apps.sensitivity.the_scale_is_the_search's") {
  const std::vector<OptionTrial> wide = {{"0.1", 0.6}, {"1", 0.5}, {"2", 0.4}, {"3", 0.3}};
  CHECK(sensitivity_curve("scale", wide).is_logarithmic);
  const SensitivityCurve curve = sensitivity_curve("scale", wide, OptionScale::linear);
  CHECK_FALSE(curve.is_logarithmic);
  REQUIRE(curve.bins.size() == 2);
  CHECK(curve.bins[1].center == 2.5);
  const std::vector<OptionTrial> narrow = {{"1", 0.6}, {"2", 0.5}};
  CHECK_FALSE(sensitivity_curve("lr", narrow).is_logarithmic);
  CHECK(sensitivity_curve("lr", narrow, OptionScale::logarithmic).is_logarithmic);
  CHECK_FALSE(sensitivity_curve("lr", std::vector<OptionTrial>{{"0", 1}, {"2", 1}},
                                OptionScale::logarithmic)
                  .is_logarithmic);
}

TEST_CASE("apps.sensitivity.equal_numbers_stay_together") {
  const std::vector<OptionTrial> trials = {{"0.9", 1}, {"0.9", 2}, {"0.9", 3}, {"0.95", 4}};
  const SensitivityCurve curve = sensitivity_curve("momentum", trials);
  CHECK_FALSE(curve.is_logarithmic);
  REQUIRE(curve.bins.size() == 2);
  CHECK(curve.bins[0].label == "0.9");
  CHECK(curve.bins[0].trials == 3);
  CHECK(curve.bins[1].mean == 4);
}

TEST_CASE("apps.sensitivity.choices") {
  const std::vector<OptionTrial> trials = {{"true", 0.5}, {"false", 0.25}, {"true", 0.75}};
  const SensitivityCurve curve = sensitivity_curve("nesterov", trials);
  CHECK_FALSE(curve.is_number);
  REQUIRE(curve.bins.size() == 2);
  CHECK(curve.bins[1].label == "true");
  CHECK(curve.bins[1].mean == 0.625);
  CHECK(std::isnan(curve.bins[0].center));
  CHECK(curve.range == 0.375);
}

TEST_CASE("apps.sensitivity.all_lost") {
  const std::vector<OptionTrial> trials = {{"1", std::nan("")}, {"2", std::nan("")}};
  const SensitivityCurve curve = sensitivity_curve("lr", trials);
  REQUIRE(curve.bins.size() == 1);
  CHECK(curve.bins[0].lost == 2);
  CHECK(std::isnan(curve.bins[0].mean));
  CHECK(std::isnan(curve.range));
}
