#include "apps/study/running_lines.h"

#include "apps/terminal/progress.h"

namespace plastic::apps {

std::string running_line(const RunningRun& run) {
  constexpr int width = 32;
  const WorkerProgress& progress = run.progress;
  std::string where = "beginning";
  if (progress.epoch > 0) {
    where = "epoch " + std::to_string(progress.epoch) + "/" + std::to_string(run.epochs) +
            ", step " + std::to_string(progress.step) + "/" + std::to_string(progress.steps);
  }
  return "  " + pad(where, width) + " " + run.name;
}

}  // namespace plastic::apps
