#include "apps/tuning/rate_advice.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <string>

#include "plastic/core/random.h"
#include "tests/support/text.h"

using namespace plastic::apps;
using namespace plastic::test;

namespace {

constexpr RangeTestOptions options{.low = 1e-5, .high = 10.0, .steps = 300};

// The losses that `loss` gives at the logarithms of the rates.
RangeRun run_of(const std::function<double(double)>& loss, double noise = 0.0,
                std::uint64_t seed = 1) {
  plastic::Generator generator{.seed = seed};
  RangeRun run{.seed = seed};
  for (std::int64_t step = 0; step < options.steps; ++step) {
    const double wave = noise * (2.0 * generator.next_float() - 1.0);
    run.losses.push_back(loss(std::log10(options.rate(step))) + wave);
  }
  return run;
}

// From 2.3 down to 0.3, fastest at 10^-3, and up from 10^-1 on.
double valley(double x) {
  return 0.3 + 2.0 / (1.0 + std::exp(4.0 * (x + 3.0))) + (x > -1.0 ? 4.0 * (x + 1.0) : 0.0);
}

}  // namespace

TEST_CASE("apps.rate_advice.rates") {
  CHECK(options.rate(0) == 1e-5);
  CHECK(options.rate(299) == doctest::Approx(10.0));
  CHECK(options.rate(1) / options.rate(0) ==
        doctest::Approx(options.rate(200) / options.rate(199)));
}

TEST_CASE("apps.rate_advice.smooths_without_lag") {
  // A line through the points is the line itself, and its slope is per factor of ten.
  const RateCurve line = smooth_curve(options, run_of([](double x) { return 2.0 - 0.3 * x; }));
  REQUIRE(line.losses.size() == 300);
  for (const std::size_t i : {0U, 1U, 150U, 299U}) {
    CHECK(line.losses[i] == doctest::Approx(2.0 - 0.3 * std::log10(line.rates[i])));
    CHECK(line.slopes[i] == doctest::Approx(-0.3));
  }
}

TEST_CASE("apps.rate_advice.points") {
  for (const double noise : {0.0, 0.15}) {
    CAPTURE(noise);
    const RatePoints points = rate_points(smooth_curve(options, run_of(valley, noise)), false);
    REQUIRE(points.steepest);
    CHECK(std::abs(std::log10(*points.steepest) + 3.0) < (noise == 0.0 ? 0.05 : 0.3));
    REQUIRE(points.lowest);
    // The bottom is nearly flat.
    CHECK(std::abs(std::log10(*points.lowest) + 1.2) < (noise == 0.0 ? 0.4 : 0.6));
    // 4·(x + 1) + 0.3 is 2.3 at x = -0.5.
    REQUIRE(points.lost);
    CHECK(std::abs(std::log10(*points.lost) + 0.5) < 0.1);
  }
  const RatePoints flat =
      rate_points(smooth_curve(options, run_of([](double) { return 2.3; })), false);
  CHECK_FALSE(flat.steepest);
  const RateCurve falling = smooth_curve(options, run_of([](double x) { return 2.0 - 0.3 * x; }));
  CHECK_FALSE(rate_points(falling, false).lowest);
  CHECK_FALSE(rate_points(falling, false).lost);
  // The test ended there because it diverged.
  CHECK(*rate_points(falling, true).lowest == falling.rates.back());
  CHECK(*rate_points(falling, true).lost == falling.rates.back());
  CHECK_FALSE(rate_points({}, true).steepest);
}

TEST_CASE("apps.rate_advice.sentences") {
  const RangeRun runs[] = {run_of(valley, 0.1, 1), run_of(valley, 0.1, 2), run_of(valley, 0.1, 3)};
  const RateAdvice advice = rate_advice(options, runs);
  REQUIRE(advice.rate);
  CHECK(*advice.rate > 1e-3);
  CHECK(*advice.rate < 0.1);
  CHECK(advice.low == doctest::Approx(*advice.rate / 10.0));
  CHECK(advice.high == doctest::Approx(*advice.rate * 10.0));
  std::string text;
  for (const std::string& sentence : advice.sentences) text += sentence + "\n";
  CHECK(contains(text, {"falls fastest at", "lowest at", "all that was learnt is lost", "3 seeds",
                        "a factor of three or so"}));

  const RangeRun flat[] = {run_of([](double) { return 2.3; })};
  const RateAdvice none = rate_advice(options, flat);
  CHECK_FALSE(none.rate);
  CHECK(contains(none.sentences.front(), "hardly falls anywhere from 1e-05 to 10"));
  const RangeRun falling[] = {run_of([](double x) { return 2.0 - 0.3 * x; })};
  CHECK(contains(rate_advice(options, falling).sentences[1], "raise --to"));
  CHECK(text_of_rate(0.0123) == "0.012");
}
