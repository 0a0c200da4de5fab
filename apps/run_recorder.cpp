#include "apps/run_recorder.h"

namespace plastic::apps {

RunRecorder::RunRecorder(Progress& progress, const std::string& label, std::int64_t done_before,
                         int epochs, bool epoch_lines, const std::filesystem::path& folder)
    : TrainingDisplay(progress, label, done_before, epochs, epoch_lines) {
  if (!folder.empty()) metrics_.emplace(folder);
}

void RunRecorder::on_epoch(const EpochResult& result) {
  TrainingDisplay::on_epoch(result);
  if (metrics_) metrics_->append(result);
}

}  // namespace plastic::apps
