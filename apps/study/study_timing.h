#pragma once

#include "apps/study/study_estimate.h"
#include "apps/study/study_execution.h"

namespace plastic::apps {

/// What runs take: from those that are done and, where none of a variant on a task is, from a part
/// of one, timed now, `jobs` at a time as the study will run. Throws Interrupted.
StudyEstimate time_study(const StudyPlan& plan, const StudyExecution& execution, StudyData& data,
                         int jobs);

}  // namespace plastic::apps
