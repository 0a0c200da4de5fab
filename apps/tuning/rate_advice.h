#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apps/tuning/range_test.h"

namespace plastic::apps {

/// The losses of a range test as a smooth function of the rate.
struct RateCurve {
  std::vector<double> rates = {};
  std::vector<double> losses = {};
  /// How much the loss changes while the rate grows to ten times itself.
  std::vector<double> slopes = {};
};

/// At the rate of each step the line that fits the losses best, weighted by a Gaussian of 0.2
/// factors of ten, or of three steps where these are wider: unlike a running mean, it does not lag
/// behind the rate.
RateCurve smooth_curve(const RangeTestOptions& options, const RangeRun& run);

/// What a curve says of the rates; a point that it does not have is empty.
struct RatePoints {
  /// Where the loss falls fastest, and where it is lowest.
  std::optional<double> steepest = {};
  std::optional<double> lowest = {};
  /// Where, beyond the lowest, it is as high as at the beginning, or the test ended.
  std::optional<double> lost = {};
};

/// Nothing where the loss never falls by a twentieth of what it was at the beginning. The lowest,
/// too, is empty where the loss still fell at the end of the test.
RatePoints rate_points(const RateCurve& curve, bool has_diverged);

/// What to do after a range test.
struct RateAdvice {
  std::vector<RateCurve> curves = {};
  /// By seed.
  std::vector<RatePoints> points = {};
  /// The rate to begin with, and the range to search; none where the tests do not say.
  std::optional<double> rate = {};
  double low = 0.0;
  double high = 0.0;
  /// Why, and how much it is worth.
  std::vector<std::string> sentences = {};
};

/// "0.0032": with two significant digits, as more would claim what a test does not know.
std::string text_of_rate(double rate);

RateAdvice rate_advice(const RangeTestOptions& options, std::span<const RangeRun> runs);

}  // namespace plastic::apps
