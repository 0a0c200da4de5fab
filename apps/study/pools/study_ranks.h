#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "apps/study/study_data.h"
#include "apps/study/study_plan.h"
#include "plastic/distributed.h"

namespace plastic::apps {

/// Throws Error, on all ranks, where they would not carry out the same study with the same bits.
/// How many runs each takes at a time: on this one, `jobs`.
std::vector<int> join_study(const StudyPlan& plan, int jobs,
                            distributed::Communicator& among = distributed::world());

/// Reads the data of the tasks, by number, that the first rank names; those of the others do not
/// count. Throws Error, on all ranks, where they have read different images.
void load_on_ranks(const StudyPlan& plan, std::span<const std::size_t> tasks, StudyData& data,
                   distributed::Communicator& among = distributed::world());

}  // namespace plastic::apps
