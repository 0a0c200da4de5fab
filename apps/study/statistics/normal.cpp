#include "apps/study/statistics/normal.h"

#include <cmath>
#include <numbers>

#include "core/check.h"

namespace plastic::apps {

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

double normal_quantile(double probability) {
  if (!(probability > 0.0 && probability < 1.0)) {
    fail("normal_quantile", "expected a probability between 0 and 1, got ", probability);
  }
  // Beyond 38 deviations the smallest probability that a double holds is reached.
  double low = -39.0;
  double high = 39.0;
  for (double middle = 0.0; middle != low && middle != high; middle = 0.5 * (low + high)) {
    (normal_cdf(middle) < probability ? low : high) = middle;
  }
  return high;
}

}  // namespace plastic::apps
