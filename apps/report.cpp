#include "apps/report.h"

namespace plastic::apps {

RunReport::RunReport(Progress& progress, const std::string& label, std::int64_t done_before,
                     int epochs, bool epoch_lines, const std::filesystem::path& folder)
    : TrainingDisplay(progress, label, done_before, epochs, epoch_lines) {
  if (!folder.empty()) metrics_.emplace(folder);
}

void RunReport::on_epoch(const EpochResult& result) {
  TrainingDisplay::on_epoch(result);
  if (metrics_) metrics_->append(result);
}

}  // namespace plastic::apps
