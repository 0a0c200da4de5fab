#include "apps/study/statistics/sensitivity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "apps/cli/values.h"

namespace plastic::apps {
namespace {

constexpr std::size_t max_bins = 6;
constexpr std::size_t min_trials_per_bin = 2;
constexpr double logarithmic_ratio = 10.0;
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

std::optional<double> number_of(const std::string& text) {
  try {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    return parse_number(text, {-infinite, infinite});
  } catch (const UsageError&) {
    return std::nullopt;
  }
}

SensitivityBin bin_of(std::span<const OptionTrial> trials) {
  SensitivityBin bin{.label = {},
                     .center = unknown,
                     .trials = static_cast<int>(trials.size()),
                     .mean = unknown,
                     .best = unknown};
  double sum = 0.0;
  int finished = 0;
  for (const OptionTrial& trial : trials) {
    if (std::isnan(trial.result)) {
      ++bin.lost;
      continue;
    }
    sum += trial.result;
    ++finished;
    if (!(bin.best >= trial.result)) bin.best = trial.result;
  }
  if (finished > 0) bin.mean = sum / finished;
  return bin;
}

void bin_numbers(SensitivityCurve& curve, const std::vector<double>& numbers) {
  const std::size_t count = curve.trials.size();
  const std::size_t bins = std::clamp<std::size_t>(count / min_trials_per_bin, 1, max_bins);
  std::size_t begin = 0;
  for (std::size_t i = 1; i <= bins; ++i) {
    std::size_t end = i * count / bins;
    // Equal values stay together.
    while (end > 0 && end < count && numbers[end] == numbers[end - 1]) ++end;
    if (end <= begin) continue;
    SensitivityBin bin = bin_of(std::span(curve.trials).subspan(begin, end - begin));
    const double low = numbers[begin];
    const double high = numbers[end - 1];
    bin.label = low == high ? brief(low) : brief(low) + " to " + brief(high);
    bin.center = curve.is_logarithmic ? std::sqrt(low) * std::sqrt(high) : 0.5 * (low + high);
    curve.bins.push_back(std::move(bin));
    begin = end;
  }
}

void bin_choices(SensitivityCurve& curve) {
  for (std::size_t begin = 0; begin < curve.trials.size();) {
    std::size_t end = begin + 1;
    while (end < curve.trials.size() && curve.trials[end].value == curve.trials[begin].value) ++end;
    curve.bins.push_back(bin_of(std::span(curve.trials).subspan(begin, end - begin)));
    curve.bins.back().label = curve.trials[begin].value;
    begin = end;
  }
}

}  // namespace

SensitivityCurve sensitivity_curve(const std::string& option, std::span<const OptionTrial> trials,
                                   OptionScale scale) {
  SensitivityCurve curve{.option = option, .trials = {trials.begin(), trials.end()}};
  curve.is_number = std::ranges::all_of(
      trials, [](const OptionTrial& trial) { return number_of(trial.value).has_value(); });
  if (curve.is_number) {
    const auto number = [](const OptionTrial& trial) { return *number_of(trial.value); };
    std::ranges::stable_sort(curve.trials, {}, number);
    std::vector<double> numbers;
    for (const OptionTrial& trial : curve.trials) numbers.push_back(number(trial));
    const bool is_positive = !numbers.empty() && numbers.front() > 0.0;
    const bool is_wide = is_positive && numbers.back() > logarithmic_ratio * numbers.front();
    curve.is_logarithmic = scale == OptionScale::from_values
                               ? is_wide
                               : scale == OptionScale::logarithmic && is_positive;
    bin_numbers(curve, numbers);
  } else {
    std::ranges::stable_sort(curve.trials, {}, &OptionTrial::value);
    bin_choices(curve);
  }
  double low = unknown;
  double high = unknown;
  for (const SensitivityBin& bin : curve.bins) {
    if (std::isnan(bin.mean)) continue;
    if (!(low <= bin.mean)) low = bin.mean;
    if (!(high >= bin.mean)) high = bin.mean;
  }
  curve.range = high - low;
  return curve;
}

}  // namespace plastic::apps
