#pragma once

#include <span>
#include <string>
#include <vector>

namespace plastic::apps {

/// What one optimizer reached, one entry a seed; the seeds are the same for all optimizers of a
/// comparison and in the same order.
struct OptimizerRuns {
  std::string optimizer;
  /// Final test accuracies, as fractions.
  std::vector<double> accuracies;
  /// Training times, without the evaluation.
  std::vector<double> seconds;
};

/// The table of a comparison: mean and deviation of the accuracy, paired difference against the
/// first optimizer and seeds won against it, seconds a run.
std::string comparison_table(std::span<const OptimizerRuns> runs);

/// What the table shows, in words: who is ahead of whom, by how much and in how many seeds, and
/// where that cannot be said. Two optimizers count as apart when one is ahead in every seed and the
/// mean difference exceeds its deviation.
std::string conclusion(std::span<const OptimizerRuns> runs);

}  // namespace plastic::apps
