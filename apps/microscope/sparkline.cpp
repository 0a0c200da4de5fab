#include "apps/microscope/sparkline.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace plastic::apps {
namespace {

constexpr std::array<const char*, 8> bars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

double reduced(std::span<const double> values, SparkRule rule) {
  double result = NAN;
  int count = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    if (count == 0) {
      result = value;
    } else {
      result = rule == SparkRule::mean ? result + value : std::max(result, value);
    }
    ++count;
  }
  return rule == SparkRule::mean && count > 0 ? result / count : result;
}

}  // namespace

std::string sparkline(std::span<const double> values, std::size_t width, double low, double high,
                      SparkRule rule) {
  const std::size_t count = std::min(width, values.size());
  std::string line;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t begin = i * values.size() / count;
    const std::size_t end = (i + 1) * values.size() / count;
    const double value = reduced(values.subspan(begin, end - begin), rule);
    if (!std::isfinite(value)) {
      line += " ";
      continue;
    }
    // What differs by rounding alone is flat.
    const bool is_flat = high - low <= 1e-4 * std::max(std::abs(low), std::abs(high));
    const double share = !is_flat ? std::clamp((value - low) / (high - low), 0.0, 1.0) : 0.0;
    line += bars[std::min(bars.size() - 1, static_cast<std::size_t>(share * 8.0))];
  }
  return line;
}

}  // namespace plastic::apps
