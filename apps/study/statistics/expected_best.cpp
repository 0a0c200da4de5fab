#include "apps/study/statistics/expected_best.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plastic::apps {
namespace {

double order_of(const TrialResult& trial) {
  return std::isnan(trial.chosen_by) ? -std::numeric_limits<double>::infinity() : trial.chosen_by;
}

// From the worst to the best. Equally good ones have the mean of their results, and of its square
// for the deviation.
struct Ordered {
  double mean = 0.0;
  double square = 0.0;
};

std::vector<Ordered> ordered(std::span<const TrialResult> trials) {
  std::vector<TrialResult> sorted(trials.begin(), trials.end());
  std::ranges::stable_sort(sorted, {}, order_of);
  std::vector<Ordered> all;
  for (std::size_t begin = 0; begin < sorted.size();) {
    std::size_t end = begin;
    Ordered sum;
    while (end < sorted.size() && order_of(sorted[end]) == order_of(sorted[begin])) {
      sum.mean += sorted[end].result;
      sum.square += sorted[end].result * sorted[end].result;
      ++end;
    }
    const auto count = static_cast<double>(end - begin);
    all.insert(all.end(), end - begin, {sum.mean / count, sum.square / count});
    begin = end;
  }
  return all;
}

}  // namespace

std::vector<BudgetPoint> expected_best(std::span<const TrialResult> trials) {
  const std::vector<Ordered> from_worst = ordered(trials);
  const std::size_t total = from_worst.size();
  std::vector<BudgetPoint> curve;
  for (std::size_t budget = 1; budget <= total; ++budget) {
    // The best one of all is chosen by budget / total of the subsets; the i-th worst by
    // C(i - 1, budget - 1) / C(total, budget).
    double weight = static_cast<double>(budget) / static_cast<double>(total);
    double mean = 0.0;
    double square = 0.0;
    for (std::size_t i = total; i >= budget; --i) {
      mean += weight * from_worst[i - 1].mean;
      square += weight * from_worst[i - 1].square;
      if (i > 1) weight *= static_cast<double>(i - budget) / static_cast<double>(i - 1);
    }
    curve.push_back({.trials = static_cast<int>(budget),
                     .mean = mean,
                     .deviation = std::sqrt(std::max(0.0, square - mean * mean))});
  }
  return curve;
}

}  // namespace plastic::apps
