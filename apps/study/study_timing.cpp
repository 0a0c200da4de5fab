#include "apps/study/study_timing.h"

#include <deque>
#include <map>

#include "apps/cli/values.h"
#include "apps/study/study_training.h"
#include "apps/study/workers.h"
#include "apps/training/interrupt.h"

namespace plastic::apps {

StudyEstimate time_study(const StudyPlan& plan, const StudyExecution& execution, StudyData& data,
                         int jobs) {
  constexpr int milliseconds = 100;
  StudyEstimate estimate = execution.estimate();
  // A run of each cell of which nothing is known.
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> cells;
  for (std::size_t i = 0; i < plan.runs().size(); ++i) {
    const PlannedRun& run = plan.runs()[i];
    if (!execution.is_left(i) || estimate.is_known(run.task, run.variant)) continue;
    cells.emplace(std::pair(run.task, run.variant), i);
  }
  std::deque<std::size_t> left;
  for (const auto& [cell, run] : cells) left.push_back(run);
  Workers workers(jobs);
  while (!left.empty() || !workers.is_idle()) {
    if (interrupted()) throw Interrupted("interrupted");
    while (!left.empty() && !workers.is_full()) {
      const PlannedRun& run = plan.runs()[left.front()];
      const Settings drawn = plan.is_tuned(run.variant) ? plan.trial(run.variant, 0) : Settings();
      const data::DatasetPair& own = data.of(plan.data_options(run.task));
      workers.start(left.front(), [&](WorkerObserver&) {
        return exact(time_study_run(plan.options(run, drawn), own));
      });
      left.pop_front();
    }
    for (const WorkerEvent& event : workers.wait(milliseconds)) {
      if (!event.has_ended || !event.failure.empty()) continue;
      const PlannedRun& run = plan.runs()[event.id];
      // What diverges at once tells nothing; others of its task do.
      if (event.result == "nan") continue;
      estimate.add(run.task, run.variant, parse_number(event.result, {.low = 0.0, .high = 1e12}));
    }
  }
  return estimate;
}

}  // namespace plastic::apps
