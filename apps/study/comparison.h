#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plastic::apps {

enum class RunEnd {
  finished,
  /// Interrupted, or under way.
  unfinished,
  /// Its loss stopped being finite.
  diverged,
};

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

/// A row against the first one, over the seeds that both have run to an end.
struct VersusFirst {
  /// Seeds that both finished, and the mean difference of their accuracies with its deviation.
  int pairs = 0;
  double mean = std::numeric_limits<double>::quiet_NaN();
  double deviation = std::numeric_limits<double>::quiet_NaN();
  /// Seeds in which the row is ahead, equal and behind. A run that diverged is behind one that
  /// finished.
  int wins = 0;
  int ties = 0;
  int losses = 0;

  int seeds() const { return wins + ties + losses; }
};

VersusFirst versus_first(const OptimizerRuns& first, const OptimizerRuns& row);

/// The cells of a row of the table, as text. Means are over the runs that finished; a cell that has
/// no number says "diverged" or "-".
struct ComparisonCells {
  std::string accuracy;
  /// Validation accuracy, and the test accuracy of the epoch that it chose.
  std::string validation = "-";
  std::string chosen = "-";
  std::string difference;
  std::string wins;
  std::string seconds;
  /// "diverged in 1 of 3 seeds", "not finished in 2 of 3 seeds"; empty where all finished.
  std::string note;
};

ComparisonCells comparison_cells(const OptimizerRuns& first, const OptimizerRuns& row);

/// The table of a comparison: mean and deviation of the accuracy, after that on the validation part
/// where there is one, paired difference against the first optimizer and seeds won against it,
/// seconds per run.
std::string comparison_table(std::span<const OptimizerRuns> rows);

/// What the table shows, in words: who is ahead of whom, by how much and in how many seeds, where
/// that cannot be said, and what diverged. Two optimizers count as apart when one is ahead in every
/// seed and the mean difference exceeds its deviation.
std::string conclusion(std::span<const OptimizerRuns> rows);

}  // namespace plastic::apps
