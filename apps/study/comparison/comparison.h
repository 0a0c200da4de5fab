#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "apps/study/comparison/versus.h"

namespace plastic::apps {

/// The runs of one row of a comparison.
struct OptimizerRuns {
  /// How the text calls it.
  std::string name;
  /// How the table calls it: with what tells it from others of the same optimizer.
  std::string label;
  std::vector<SeedRun> runs;
  /// How many there are to be; those missing are not done yet.
  std::size_t planned = 0;
};

/// The values of the finished runs, in their order.
std::vector<double> accuracies(const OptimizerRuns& row);
std::vector<double> seconds(const OptimizerRuns& row);
/// Those after the last epoch, and the test accuracies of the epochs that validation chose; none
/// where a run has no validation part.
std::vector<double> validation_accuracies(const OptimizerRuns& row);
std::vector<double> chosen_accuracies(const OptimizerRuns& row);
bool has_validation(std::span<const OptimizerRuns> rows);
int count(const OptimizerRuns& row, RunEnd end);

/// Each row against the first one, with p adjusted over the rows. The first one's own is empty.
std::vector<VersusFirst> versus_first(std::span<const OptimizerRuns> rows);

/// The cells of a row of the table, as text. Means are over the runs that finished; a cell that has
/// no number says "diverged" or "-".
struct ComparisonCells {
  std::string accuracy;
  /// Validation accuracy, and the test accuracy of the epoch that it chose.
  std::string validation = "-";
  std::string chosen = "-";
  /// With its 95% interval.
  std::string difference;
  std::string wins;
  /// p of the signed-rank test, after Holm's correction over the rows.
  std::string p;
  std::string seconds;
  /// "diverged in 1 of 3 seeds", "not finished in 2 of 3 seeds"; empty where all finished.
  std::string note;
};

/// The cells of all rows.
std::vector<ComparisonCells> comparison_cells(std::span<const OptimizerRuns> rows);

/// The table of a comparison: mean and deviation of the accuracy, after that on the validation part
/// where there is one; paired difference against the first optimizer with its 95% interval, seeds
/// won against it, and p; seconds per run.
std::string comparison_table(std::span<const OptimizerRuns> rows);

/// What the table shows, in words that follow from the tests: who is ahead of whom, by how much and
/// in how many seeds, where that cannot be said and what could say it, and what diverged.
std::string conclusion(std::span<const OptimizerRuns> rows);

}  // namespace plastic::apps
