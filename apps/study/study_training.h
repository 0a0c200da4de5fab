#pragma once

#include "apps/cli/run_options.h"
#include "apps/study/study_run.h"
#include "apps/study/workers.h"
#include "plastic/data/dataset.h"

namespace plastic::apps {

/// Trains as `options` say and fills in what the run brought; `run` is what is known before. A run
/// that diverges has ended well. Throws Error for what fails.
StudyRun train_study_run(const RunOptions& options, const data::DatasetPair& data, StudyRun run,
                         WorkerObserver& observer);

/// Estimates the seconds of a run, from a part of an epoch on a part of the data.
double time_study_run(const RunOptions& options, const data::DatasetPair& data);

}  // namespace plastic::apps
