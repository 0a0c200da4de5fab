#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/training/training.h"

namespace plastic::apps {

/// One line of metrics.jsonl: epoch, train_loss, train_accuracy, validation_loss and
/// validation_accuracy where a part is set aside, test_loss, test_accuracy, seconds,
/// images_per_second, learning_rate and, when there are any, diagnostics; with the line's end.
std::string metrics_line(const EpochResult& result);

/// What a line of metrics.jsonl says. Throws Error.
EpochResult parse_metrics_line(const std::string& line);

/// The file metrics.jsonl of a run folder: one JSON object a line, one line an epoch.
class MetricsFile {
 public:
  explicit MetricsFile(const std::filesystem::path& folder);

  /// Keeps the first `epochs` lines of the existing file, for a run that continues, and returns
  /// their contents. Throws Error naming the file when they are missing or damaged.
  std::vector<EpochResult> resume(int epochs);

  /// Adds a line. The file is replaced as a whole, so that it holds whole epochs at any moment.
  void append(const EpochResult& result);

 private:
  std::filesystem::path path_;
  std::string text_;
};

}  // namespace plastic::apps
