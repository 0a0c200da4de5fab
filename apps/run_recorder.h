#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "apps/metrics.h"
#include "apps/progress.h"

namespace plastic::apps {

/// Shows a training run and, given a folder, keeps its metrics there.
class RunRecorder : public TrainingDisplay {
 public:
  /// `folder` may be empty, for no files; the rest is TrainingDisplay's.
  RunRecorder(Progress& progress, const std::string& label, std::int64_t done_before, int epochs,
              bool epoch_lines, const std::filesystem::path& folder);

  void on_epoch(const EpochResult& result) override;

 private:
  std::optional<MetricsFile> metrics_;
};

}  // namespace plastic::apps
