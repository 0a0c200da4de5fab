#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apps/study/statistics/interval.h"

namespace plastic::apps {

/// Below this, after Holm's correction, a p counts as evidence.
inline constexpr double significance_level = 0.05;

enum class RunEnd {
  finished,
  /// Interrupted, or under way.
  unfinished,
  /// Its loss stopped being finite.
  diverged,
};

/// As files have them, by number.
inline constexpr std::array run_end_names = {"finished", "unfinished", "diverged"};

/// What one run of a comparison reached.
struct SeedRun {
  /// Unknown for a run that nothing tells the seed of: it is then compared with no other.
  std::optional<std::uint64_t> seed;
  RunEnd end = RunEnd::finished;
  /// Test accuracy after the last epoch done, a fraction; NaN where none is.
  double accuracy = std::numeric_limits<double>::quiet_NaN();
  /// Validation accuracy then; NaN where nothing is set aside.
  double validation_accuracy = std::numeric_limits<double>::quiet_NaN();
  /// Test accuracy after the epoch of the best validation accuracy; NaN likewise.
  double chosen_accuracy = std::numeric_limits<double>::quiet_NaN();
  /// Training time, without the evaluation.
  double seconds = 0.0;
  int epochs = 0;
};

/// A row of a comparison against the first one, over the seeds that both have run to an end.
struct VersusFirst {
  /// Seeds that both finished, and the mean difference of their accuracies with its deviation and
  /// interval.
  int pairs = 0;
  double mean = std::numeric_limits<double>::quiet_NaN();
  double deviation = std::numeric_limits<double>::quiet_NaN();
  Interval interval = {};
  /// Seeds in which the row is ahead, equal and behind. A run that diverged is behind one that
  /// finished.
  int wins = 0;
  int ties = 0;
  int losses = 0;
  /// p of Wilcoxon's signed-rank test over all these seeds, in which a divergence is a larger
  /// difference than any other; NaN without seeds.
  double p = std::numeric_limits<double>::quiet_NaN();
  /// The same after Holm's correction over the tests that are looked at together.
  double adjusted_p = std::numeric_limits<double>::quiet_NaN();
  /// How many these are.
  int tests = 1;
  /// The smallest that adjusted_p could have been with so many seeds, had the tests all come out as
  /// clearly as theirs allow.
  double least_adjusted_p = 1.0;
  /// The rank sum of the seeds in which the row is ahead less that of the others.
  double rank_balance = 0.0;

  int seeds() const { return wins + ties + losses; }
};

/// Alone: adjusted_p is p.
VersusFirst versus_first(std::span<const SeedRun> first, std::span<const SeedRun> row);

/// Sets adjusted_p and tests of all that are looked at together.
void adjust_together(std::span<VersusFirst* const> all);

/// How a row stands to the first one.
enum class Standing {
  ahead,
  behind,
  /// In every seed.
  equal,
  /// The test shows no difference, or its direction is not that of the mean.
  unclear,
  /// No seed was run to an end by both.
  unknown,
};

/// Apart where the adjusted p is below significance_level.
Standing standing(const VersusFirst& versus);

/// Whether so many seeds could have shown a difference at all.
bool can_show(const VersusFirst& versus);

/// The mean difference that so many seeds with this spread would have shown four times in five:
/// from the power of the t test on normal differences and the test's efficiency beside it, 3/pi.
/// NaN for fewer than 6 pairs.
double detectable_difference(const VersusFirst& versus);

}  // namespace plastic::apps
