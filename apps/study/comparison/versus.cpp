#include "apps/study/comparison/versus.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "apps/study/statistics/holm.h"
#include "apps/study/statistics/normal.h"
#include "apps/study/statistics/signed_rank.h"
#include "apps/study/statistics/statistics.h"

namespace plastic::apps {
namespace {

constexpr int min_pairs_for_power = 6;
constexpr double power = 0.8;

}  // namespace

VersusFirst versus_first(std::span<const SeedRun> first, std::span<const SeedRun> row) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  std::vector<double> finite;
  std::vector<double> all;
  for (const SeedRun& run : row) {
    const auto other = std::ranges::find(first, run.seed, &SeedRun::seed);
    if (!run.seed || other == first.end()) continue;
    if (run.end == RunEnd::unfinished || other->end == RunEnd::unfinished) continue;
    const bool is_finished = run.end == RunEnd::finished;
    const bool is_other_finished = other->end == RunEnd::finished;
    if (is_finished && is_other_finished) {
      if (std::isnan(run.accuracy) || std::isnan(other->accuracy)) continue;
      finite.push_back(run.accuracy - other->accuracy);
      all.push_back(finite.back());
    } else if (is_finished) {
      all.push_back(infinite);
    } else {
      all.push_back(is_other_finished ? -infinite : 0.0);
    }
  }
  VersusFirst versus;
  if (all.empty()) return versus;
  for (const double difference : all) {
    ++(difference > 0.0 ? versus.wins : difference < 0.0 ? versus.losses : versus.ties);
  }
  const SignedRankTest test = signed_rank_test(all);
  versus.p = test.p;
  versus.adjusted_p = test.p;
  versus.least_adjusted_p = least_p(static_cast<int>(all.size()));
  versus.rank_balance = test.above - test.below;
  versus.pairs = static_cast<int>(finite.size());
  if (finite.empty()) return versus;
  versus.mean = mean(finite);
  versus.deviation = sample_deviation(finite);
  versus.interval = mean_interval(finite);
  return versus;
}

void adjust_together(std::span<VersusFirst* const> all) {
  std::vector<double> p;
  int tests = 0;
  for (const VersusFirst* versus : all) {
    p.push_back(versus->p);
    if (!std::isnan(versus->p)) ++tests;
  }
  std::vector<double> least;
  for (const VersusFirst* versus : all) {
    least.push_back(std::isnan(versus->p) ? versus->p : least_p(versus->seeds()));
  }
  const std::vector<double> adjusted = holm(p);
  const std::vector<double> adjusted_least = holm(least);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i]->adjusted_p = adjusted[i];
    all[i]->least_adjusted_p = adjusted_least[i];
    all[i]->tests = std::max(tests, 1);
  }
}

Standing standing(const VersusFirst& versus) {
  if (versus.seeds() == 0) return Standing::unknown;
  if (versus.ties == versus.seeds()) return Standing::equal;
  if (!(versus.adjusted_p < significance_level)) return Standing::unclear;
  // Where seeds are won by the other's divergence, the mean of the rest may say the opposite.
  const bool is_above = versus.rank_balance > 0.0;
  if (versus.pairs > 0 && (versus.mean > 0.0) != is_above) return Standing::unclear;
  return is_above ? Standing::ahead : Standing::behind;
}

bool can_show(const VersusFirst& versus) { return versus.least_adjusted_p < significance_level; }

double detectable_difference(const VersusFirst& versus) {
  if (versus.pairs < min_pairs_for_power) return std::numeric_limits<double>::quiet_NaN();
  const double reach =
      normal_quantile(1.0 - significance_level / (2.0 * versus.tests)) + normal_quantile(power);
  constexpr double efficiency = 3.0 * std::numbers::inv_pi;
  return reach * versus.deviation / std::sqrt(efficiency * versus.pairs);
}

}  // namespace plastic::apps
