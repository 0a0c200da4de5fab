#include "apps/tuning/rate_advice.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "apps/cli/values.h"
#include "core/number_text.h"

namespace plastic::apps {
namespace {

constexpr double bandwidth_in_tens = 0.2;
constexpr double bandwidth_in_steps = 3.0;
constexpr double least_fall = 0.05;

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  // The factors between rates count, not their differences.
  return values.size() % 2 == 1 ? values[middle] : std::sqrt(values[middle - 1] * values[middle]);
}

double rounded(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.begin(), text.end(), value, std::chars_format::scientific, 1);
  double result = 0.0;
  number_from_chars(text.data(), end.ptr, result);
  return result;
}

std::vector<double> known(std::span<const RatePoints> points,
                          std::optional<double> RatePoints::*point) {
  std::vector<double> values;
  for (const RatePoints& one : points) {
    if (one.*point) values.push_back(*(one.*point));
  }
  return values;
}

// "0.02 (0.01 to 0.03 by seed)".
std::string spread_text(const std::vector<double>& values) {
  const auto [low, high] = std::ranges::minmax(values);
  const std::string middle = text_of_rate(median(values));
  if (text_of_rate(low) == text_of_rate(high)) return middle;
  return middle + " (" + text_of_rate(low) + " to " + text_of_rate(high) + " by seed)";
}

std::string counted_seeds(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " seed" : " seeds");
}

}  // namespace

std::string text_of_rate(double rate) { return brief(rounded(rate)); }

RateCurve smooth_curve(const RangeTestOptions& options, const RangeRun& run) {
  const auto count = static_cast<std::size_t>(run.losses.size());
  const double tens_per_step =
      std::log10(options.high / options.low) / static_cast<double>(options.steps - 1);
  const double bandwidth = std::max(bandwidth_in_tens, bandwidth_in_steps * tens_per_step);
  const auto reach = static_cast<std::size_t>(std::ceil(4.0 * bandwidth / tens_per_step));
  RateCurve curve;
  for (std::size_t i = 0; i < count; ++i) {
    double weights = 0.0, x_sum = 0.0, y_sum = 0.0, xx_sum = 0.0, xy_sum = 0.0;
    for (std::size_t k = i - std::min(i, reach); k < std::min(count, i + reach + 1); ++k) {
      const double x = tens_per_step * (static_cast<double>(k) - static_cast<double>(i));
      const double weight = std::exp(-0.5 * (x / bandwidth) * (x / bandwidth));
      weights += weight;
      x_sum += weight * x;
      y_sum += weight * run.losses[k];
      xx_sum += weight * x * x;
      xy_sum += weight * x * run.losses[k];
    }
    const double spread = weights * xx_sum - x_sum * x_sum;
    const double slope = spread > 0 ? (weights * xy_sum - x_sum * y_sum) / spread : 0.0;
    curve.rates.push_back(options.rate(static_cast<std::int64_t>(i)));
    curve.losses.push_back((y_sum - slope * x_sum) / weights);
    curve.slopes.push_back(slope);
  }
  return curve;
}

RatePoints rate_points(const RateCurve& curve, bool has_diverged) {
  RatePoints points;
  if (curve.losses.empty()) return points;
  const double first = curve.losses.front();
  const auto lowest = std::ranges::min_element(curve.losses);
  if (!(*lowest < (1.0 - least_fall) * first)) return points;
  const auto lowest_at = lowest - curve.losses.begin();
  const auto steepest =
      std::min_element(curve.slopes.begin(), curve.slopes.begin() + lowest_at + 1);
  const auto rate_at = [&](std::ptrdiff_t at) { return curve.rates[static_cast<std::size_t>(at)]; };
  points.steepest = rate_at(steepest - curve.slopes.begin());
  const bool still_falls = !has_diverged && lowest + 1 == curve.losses.end();
  if (!still_falls) points.lowest = rate_at(lowest_at);
  const auto lost =
      std::find_if(lowest, curve.losses.end(), [first](double loss) { return loss >= first; });
  if (lost != curve.losses.end()) {
    points.lost = rate_at(lost - curve.losses.begin());
  } else if (has_diverged) {
    points.lost = curve.rates.back();
  }
  return points;
}

RateAdvice rate_advice(const RangeTestOptions& options, std::span<const RangeRun> runs) {
  RateAdvice advice;
  for (const RangeRun& run : runs) {
    advice.curves.push_back(smooth_curve(options, run));
    advice.points.push_back(rate_points(advice.curves.back(), run.has_diverged));
  }
  const std::vector<double> steepest = known(advice.points, &RatePoints::steepest);
  const std::vector<double> lowest = known(advice.points, &RatePoints::lowest);
  const std::vector<double> lost = known(advice.points, &RatePoints::lost);
  const std::string range = brief(options.low) + " to " + brief(options.high);
  if (steepest.size() * 2 <= runs.size()) {
    advice.sentences.push_back(
        "The loss hardly falls anywhere from " + range +
        ", so the test says nothing about the rate; give it more --steps, or another --from and "
        "--to.");
    return advice;
  }
  advice.sentences.push_back("The loss falls fastest at " + spread_text(steepest) + ".");
  if (lowest.size() * 2 <= runs.size()) {
    advice.sentences.push_back("It still falls at the highest rate, " + brief(options.high) +
                               "; raise --to.");
    advice.rate = rounded(median(steepest));
  } else {
    const double bottom = median(lowest);
    advice.sentences.push_back("It is lowest at " + spread_text(lowest) + ".");
    // On the generated digits the best of a search was between the two for AdamW, SGD and
    // NeuroPlastic alike; a tenth of the lowest was too low by up to eight times.
    advice.rate = rounded(std::sqrt(median(steepest) * bottom));
    advice.sentences.push_back("The rate suggested, " + text_of_rate(*advice.rate) +
                               ", is halfway between the two, by factors.");
  }
  if (lost.empty()) {
    advice.sentences.push_back("It is not lost again up to " + brief(options.high) + ".");
  } else {
    advice.sentences.push_back("From " + spread_text(lost) + " on, all that was learnt is lost.");
  }
  advice.low = rounded(*advice.rate / 10.0);
  advice.high = rounded(*advice.rate * 10.0);
  advice.sentences.push_back(
      "A test of " + std::to_string(options.steps) + " steps, with " + counted_seeds(runs.size()) +
      ", sees the beginning of training only: take the rate as one to begin with, right to a "
      "factor of three or so, and search around it before comparing optimizers.");
  return advice;
}

}  // namespace plastic::apps
