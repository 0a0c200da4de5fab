#include "apps/study/statistics/interval.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "apps/study/statistics/normal.h"
#include "apps/study/statistics/statistics.h"
#include "core/check.h"
#include "core/random/philox.h"

namespace plastic::apps {
namespace {

// One less than a round number: a percentile is then one of the sorted means.
constexpr std::size_t resamples = 9'999;
constexpr std::uint64_t bootstrap_seed = 0x19930515;
constexpr std::size_t min_bootstrap_size = 6;

// A place in [0, size): of 2^32 words, each place has the same number up to one in size.
std::size_t place_of(std::uint32_t word, std::size_t size) {
  return static_cast<std::size_t>((std::uint64_t{word} * size) >> 32);
}

// The sorted means of the resamples.
std::vector<double> resampled_means(std::span<const double> values) {
  std::vector<double> means(resamples);
  const std::size_t size = values.size();
  for (std::size_t resample = 0; resample < resamples; ++resample) {
    double sum = 0.0;
    PhiloxBlock block = {};
    for (std::size_t i = 0; i < size; ++i) {
      if (i % 4 == 0) block = philox(bootstrap_seed, resample, i / 4);
      sum += values[place_of(block.word[i % 4], size)];
    }
    means[resample] = sum / static_cast<double>(size);
  }
  std::ranges::sort(means);
  return means;
}

// The percentile of a bootstrap's means that is as far from their middle as Student's is, which
// also knows that the deviation of a resample is too small by sqrt((n - 1) / n).
double outward_level(std::size_t size) {
  const auto n = static_cast<double>(size);
  return normal_cdf(-std::sqrt(n / (n - 1.0)) * student_quantile(static_cast<int>(size) - 1));
}

}  // namespace

double student_quantile(int degrees) {
  if (degrees < 1) fail("student_quantile", "expected 1 degree of freedom or more, got ", degrees);
  constexpr std::array few = {12.706204736, 4.302652730, 3.182446305, 2.776445105, 2.570581836};
  const auto index = static_cast<std::size_t>(degrees) - 1;
  if (index < few.size()) return few[index];
  // Abramowitz and Stegun, 26.7.5.
  const double z = normal_quantile(0.975);
  const double z3 = z * z * z;
  const double z5 = z3 * z * z;
  const double z7 = z5 * z * z;
  const double z9 = z7 * z * z;
  const double n = degrees;
  return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n * n * n) +
         (79 * z9 + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / (92160 * n * n * n * n);
}

Interval student_interval(std::span<const double> values) {
  if (values.size() < 2) return {};
  const double error = sample_deviation(values) / std::sqrt(static_cast<double>(values.size()));
  const double reach = student_quantile(static_cast<int>(values.size()) - 1) * error;
  const double center = mean(values);
  return {center - reach, center + reach};
}

Interval within(const Interval& interval, double low, double high) {
  if (!interval.is_known()) return {};
  return {std::clamp(interval.low, low, high), std::clamp(interval.high, low, high)};
}

Interval mean_interval(std::span<const double> values) {
  if (std::ssize(values) < min_interval_size) return {};
  if (values.size() < min_bootstrap_size) return student_interval(values);
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  const std::vector<double> means = resampled_means(sorted);
  const double position = outward_level(values.size()) * static_cast<double>(resamples + 1);
  const auto outside = static_cast<std::size_t>(std::max(1.0, std::round(position)));
  return {means[outside - 1], means[resamples - outside]};
}

}  // namespace plastic::apps
