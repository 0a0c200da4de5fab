#include "apps/study/pools/local_pool.h"

#include <utility>

#include "apps/ranks/ranks.h"
#include "apps/study/journal.h"
#include "apps/study/study_training.h"

namespace plastic::apps {

LocalPool::LocalPool(const StudyPlan& plan, StudyData& data, int jobs)
    : plan_(plan), data_(data), workers_(jobs) {}

void LocalPool::start(std::size_t run, std::optional<int> trial) {
  const PlannedRun& planned = plan_.runs()[run];
  const Settings drawn = trial ? plan_.trial(planned.variant, *trial) : Settings();
  const RunOptions data_options = plan_.data_options(planned.task);
  const data::DatasetPair& own = data_.of(data_options);
  StudyRun begun = plan_.describe(planned, drawn);
  begun.images = data_.images_of(data_options);
  workers_.start(run, [&](WorkerObserver& observer) {
    RunOptions options = plan_.options(planned, drawn);
    options.run.device = device_of_runs(options.run.device);
    const StudyRun ended = train_study_run(options, own, begun, observer);
    return study_record_line({.run = ended});
  });
}

}  // namespace plastic::apps
