#pragma once

#include <optional>
#include <span>

#include "apps/study/study_file.h"
#include "apps/study/study_run.h"

namespace plastic::apps {

/// What the runs of one trial of a search reached on their validation parts.
struct TrialScore {
  int finished = 0;
  /// Runs that diverged or failed, or whose loss is not a number.
  int lost = 0;
  /// Over those that finished, more being better.
  double sum = 0.0;

  void add(const StudyRun& run, TuningGoal goal);
};

/// The trial with the fewest lost runs and, among those, the best mean; the first of equals. None
/// where no trial has a run that finished.
std::optional<int> best_trial(std::span<const TrialScore> trials);

}  // namespace plastic::apps
