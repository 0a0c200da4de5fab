#include "apps/study/statistics.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/check.h"

namespace plastic::apps {

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double sample_deviation(std::span<const double> values) {
  if (values.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  const double center = mean(values);
  double squares = 0.0;
  for (const double value : values) squares += (value - center) * (value - center);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

PairedDifference paired_difference(std::span<const double> values,
                                   std::span<const double> references) {
  if (values.empty() || values.size() != references.size()) {
    fail("paired_difference", "needs pairs: ", values.size(), " values and ", references.size(),
         " references");
  }
  PairedDifference result;
  std::vector<double> differences;
  for (std::size_t i = 0; i < values.size(); ++i) {
    differences.push_back(values[i] - references[i]);
    if (differences.back() > 0.0) {
      ++result.wins;
    } else if (differences.back() < 0.0) {
      ++result.losses;
    } else {
      ++result.ties;
    }
  }
  result.mean = mean(differences);
  result.deviation = sample_deviation(differences);
  return result;
}

}  // namespace plastic::apps
