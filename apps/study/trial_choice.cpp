#include "apps/study/trial_choice.h"

#include <algorithm>
#include <cmath>

namespace plastic::apps {

void TrialScore::add(const StudyRun& run, TuningGoal goal) {
  const std::vector<double>& curve =
      goal == TuningGoal::loss ? run.validation_loss : run.validation_accuracy;
  if (run.end != RunEnd::finished || curve.empty() || std::isnan(curve.back())) {
    ++lost;
    return;
  }
  ++finished;
  sum += goal == TuningGoal::loss ? -curve.back() : curve.back();
}

std::optional<int> best_trial(std::span<const TrialScore> trials) {
  // All trials have the same number of runs: sums are compared where as many have finished.
  const auto is_worse = [](const TrialScore& left, const TrialScore& right) {
    return left.lost != right.lost ? left.lost > right.lost : left.sum < right.sum;
  };
  const auto best = std::ranges::max_element(trials, is_worse);
  if (best == trials.end() || best->finished == 0) return std::nullopt;
  return static_cast<int>(best - trials.begin());
}

}  // namespace plastic::apps
