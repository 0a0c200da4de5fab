#include "apps/study/trial_choice.h"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

using namespace plastic::apps;

namespace {

StudyRun run_of(double accuracy, double loss) {
  StudyRun run{.task = "digits mlp", .variant = "sgd", .optimizer = "sgd"};
  run.validation_accuracy = {0.1, accuracy};
  run.validation_loss = {2.0, loss};
  return run;
}

StudyRun lost(RunEnd end) {
  StudyRun run = run_of(0.9, 0.1);
  run.end = end;
  return run;
}

TrialScore score_of(const std::vector<StudyRun>& runs, TuningGoal goal = TuningGoal::accuracy) {
  TrialScore score;
  for (const StudyRun& run : runs) score.add(run, goal);
  return score;
}

}  // namespace

TEST_CASE("apps.study.trial_choice.the_best_by_the_goal") {
  const std::vector<StudyRun> first = {run_of(0.5, 0.7), run_of(0.7, 0.7)};
  const std::vector<StudyRun> second = {run_of(0.5, 0.9), run_of(0.9, 0.9)};
  CHECK(best_trial(std::vector{score_of(first), score_of(second), score_of(second)}) == 1);
  CHECK(best_trial(std::vector{score_of(second, TuningGoal::loss),
                               score_of(first, TuningGoal::loss)}) == 1);
}

TEST_CASE("apps.study.trial_choice.what_lost_more_runs_comes_after") {
  const TrialScore none = score_of({lost(RunEnd::diverged), lost(RunEnd::unfinished)});
  const TrialScore half = score_of({run_of(0.2, 2.0), lost(RunEnd::unfinished)});
  const TrialScore whole = score_of({run_of(0.1, 2.2), run_of(0.1, 2.2)});
  CHECK(best_trial(std::vector{none, half, whole}) == 2);
  CHECK(best_trial(std::vector{none, half}) == 1);
  // A loss is a sum below zero, and nothing is 0.
  CHECK(best_trial(std::vector{score_of({lost(RunEnd::diverged)}, TuningGoal::loss),
                               score_of({run_of(0.2, 2.0)}, TuningGoal::loss)}) == 1);
}

TEST_CASE("apps.study.trial_choice.none_where_no_run_has_finished") {
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(best_trial({}));
  CHECK_FALSE(best_trial(std::vector{score_of({lost(RunEnd::diverged)}),
                                     score_of({lost(RunEnd::unfinished)}),
                                     score_of({run_of(unknown, unknown)})}));
}
