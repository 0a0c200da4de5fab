#include "apps/study/study_estimate.h"

#include <cmath>

namespace plastic::apps {

void StudyEstimate::add(std::size_t task, std::size_t variant, double seconds) {
  if (!std::isfinite(seconds)) return;
  for (Mean* mean : {&cells_[{task, variant}], &tasks_[task], &all_}) {
    mean->sum += seconds;
    ++mean->count;
  }
}

double StudyEstimate::seconds(std::size_t task, std::size_t variant) const {
  const auto value = [](const Mean& mean) { return mean.count > 0 ? mean.sum / mean.count : 0.0; };
  if (const auto cell = cells_.find({task, variant}); cell != cells_.end()) {
    return value(cell->second);
  }
  if (const auto own = tasks_.find(task); own != tasks_.end()) return value(own->second);
  return value(all_);
}

bool StudyEstimate::is_known(std::size_t task, std::size_t variant) const {
  return cells_.contains({task, variant});
}

}  // namespace plastic::apps
