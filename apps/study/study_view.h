#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "apps/study/running_lines.h"
#include "apps/study/study_execution.h"
#include "apps/terminal/live_lines.h"

namespace plastic::apps {

/// Shows a study at work: on a terminal all runs under way, how many are done and the time left;
/// elsewhere a line for each run that ends. Searches that are over and runs that failed leave a
/// line in both.
class StudyView : public StudyObserver {
 public:
  StudyView(const StudyPlan& plan, const StudyExecution& execution, int jobs);

  void on_start(std::size_t run) override;
  void on_progress(std::size_t run, const WorkerProgress& progress) override;
  void on_end(std::size_t run, const StudyRecord& record) override;
  void on_choice(std::size_t task, std::size_t variant, std::optional<int> trial) override;
  void on_idle() override;

 private:
  std::string name_of(std::size_t run) const;
  double seconds_left() const;

  const StudyPlan& plan_;
  const StudyExecution& execution_;
  int jobs_;
  LiveLines lines_;
  std::map<std::size_t, RunningRun> running_;
};

/// Seconds that the runs that are not done take on `jobs` processors, from what is known of others;
/// 0 where nothing is.
double seconds_left(const StudyPlan& plan, const StudyExecution& execution,
                    const StudyEstimate& estimate, StudyPhase phase);

}  // namespace plastic::apps
