#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace plastic::apps {

/// One line of a metrics.jsonl.
struct EpochRecord {
  /// From 1; those of a file ascend.
  int epoch = 0;
  /// Quantities by name, in the file's order: losses and accuracies as fractions, seconds,
  /// learning_rate if logged. One that is null in the file is left out.
  std::vector<std::pair<std::string, double>> numbers;
  /// Likewise what is under "diagnostics".
  std::vector<std::pair<std::string, double>> diagnostics;

  /// The number called `name`, or NaN.
  double number(const std::string& name) const;
};

/// The epoch that best_epoch_index() chooses; `epochs.end()` for none.
std::vector<EpochRecord>::const_iterator chosen_epoch(const std::vector<EpochRecord>& epochs);

/// Reads the metrics of a run. Throws Error naming the file and the line that cannot be read, is no
/// JSON object, has no epoch after that of the line before, no test_accuracy from 0 to 1, a
/// validation_accuracy outside it or no seconds; and for a file without any line.
std::vector<EpochRecord> read_metrics(const std::filesystem::path& path);

}  // namespace plastic::apps
