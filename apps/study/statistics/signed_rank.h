#pragma once

#include <span>

namespace plastic::apps {

/// A result of Wilcoxon's signed-rank test.
struct SignedRankTest {
  /// Sums of the ranks of what is above and below 0.
  double above = 0.0;
  double below = 0.0;
  /// Two-sided: how often differences whose signs are decided by tossing coins give rank sums as
  /// unequal as these, or more so.
  double p = 1.0;
};

/// Tests whether differences within pairs lie symmetrically around 0 (Wilcoxon, "Individual
/// comparisons by ranking methods", 1945). Equal differences share the mean of their ranks; zeros
/// are ranked with the others and their ranks left out (Pratt, "Remarks on zeros and ties in the
/// Wilcoxon signed rank procedures", 1959), since to drop them first can make evidence appear.
///
/// Up to 50 differences the distribution given these ranks is exact, with ties and zeros, too; for
/// more it is the normal one with correction for ties and continuity. A difference may be infinite:
/// the largest of all. Differences within 1e-10 of the largest finite one count as equal, since
/// subtraction rounds. Throws Error for NaN. Without differences, p is 1.
SignedRankTest signed_rank_test(std::span<const double> differences);

/// The smallest p that the test can give for so many pairs.
double least_p(int pairs);

/// The fewest pairs for which the test can give a p below `level`, times `comparisons` as Holm's
/// correction has it for the first of them.
int least_pairs(double level, int comparisons);

}  // namespace plastic::apps
