#include "apps/study/statistics/signed_rank.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "apps/study/statistics/normal.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

constexpr std::size_t max_exact = 50;
constexpr double relative_tolerance = 1e-10;

// Twice the rank of a difference, which is whole where ranks are shared, and its sign.
struct Ranked {
  double size = 0.0;
  int sign = 0;
  int doubled_rank = 0;
};

std::vector<Ranked> ranked(std::span<const double> differences) {
  double largest = 0.0;
  for (const double difference : differences) {
    if (std::isnan(difference)) fail("signed_rank_test", "a difference is not a number");
    if (std::isfinite(difference)) largest = std::max(largest, std::abs(difference));
  }
  const double tolerance = relative_tolerance * largest;
  std::vector<Ranked> all;
  for (const double difference : differences) {
    const double size = std::abs(difference);
    const int sign = difference > 0.0 ? 1 : -1;
    all.push_back({.size = size, .sign = size > tolerance ? sign : 0});
  }
  std::ranges::sort(all, {}, &Ranked::size);
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin + 1;
    while (end < all.size() &&
           (all[end].size == all[end - 1].size || all[end].size - all[end - 1].size <= tolerance)) {
      ++end;
    }
    // Ranks begin+1 to end have the mean (begin + 1 + end) / 2.
    for (std::size_t i = begin; i < end; ++i)
      all[i].doubled_rank = static_cast<int>(begin + end + 1);
    begin = end;
  }
  return all;
}

// The share of all choices of signs that give a sum of positive doubled ranks of at most `limit`.
double exact_share(const std::vector<int>& doubled_ranks, int limit) {
  std::vector<double> share(static_cast<std::size_t>(limit) + 1, 0.0);
  share[0] = 1.0;
  for (const int rank : doubled_ranks) {
    for (std::size_t sum = share.size(); sum-- > 0;) {
      const auto step = static_cast<std::size_t>(rank);
      share[sum] = 0.5 * (share[sum] + (sum >= step ? share[sum - step] : 0.0));
    }
  }
  double total = 0.0;
  for (const double part : share) total += part;
  return total;
}

double normal_share(const std::vector<int>& doubled_ranks, int smaller) {
  double sum = 0.0;
  double squares = 0.0;
  for (const int rank : doubled_ranks) {
    sum += 0.5 * rank;
    squares += 0.25 * rank * rank;
  }
  const double distance = std::min(0.5 * smaller + 0.5 - 0.5 * sum, 0.0);
  return normal_cdf(distance / std::sqrt(0.25 * squares));
}

}  // namespace

SignedRankTest signed_rank_test(std::span<const double> differences) {
  std::vector<int> doubled_ranks;
  int above = 0;
  int below = 0;
  for (const Ranked& one : ranked(differences)) {
    if (one.sign == 0) continue;
    doubled_ranks.push_back(one.doubled_rank);
    (one.sign > 0 ? above : below) += one.doubled_rank;
  }
  SignedRankTest test{.above = 0.5 * above, .below = 0.5 * below};
  if (doubled_ranks.empty()) return test;
  const int smaller = std::min(above, below);
  const double share = differences.size() <= max_exact ? exact_share(doubled_ranks, smaller)
                                                       : normal_share(doubled_ranks, smaller);
  test.p = std::min(1.0, 2.0 * share);
  return test;
}

double least_p(int pairs) { return pairs < 1 ? 1.0 : std::exp2(1 - pairs); }

int least_pairs(double level, int comparisons) {
  if (!(level > 0.0) || comparisons < 1) {
    fail("least_pairs", "expected a level above 0 and 1 comparison or more, got ", level, " and ",
         comparisons);
  }
  int pairs = 1;
  while (comparisons * least_p(pairs) >= level) ++pairs;
  return pairs;
}

}  // namespace plastic::apps
