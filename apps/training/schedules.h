#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apps/training/training.h"
#include "plastic/optim/schedule.h"

namespace plastic::apps {

/// constant, cosine, one-cycle: those of LrSchedule, in its order.
const std::vector<std::string>& schedule_names();
std::string name_of(LrSchedule schedule);
/// Throws UsageError listing the names.
LrSchedule parse_schedule(std::string_view text);

/// Throws UsageError for a warm-up that is as long as the run, or that one-cycle has already.
void check_schedule(const TrainConfig& config);

/// The learning rate step by step: the optimizer's own, times lr_decay an epoch, times the run's
/// schedule, after a linear warm-up.
optim::Schedule make_schedule(const TrainConfig& config, std::int64_t steps_an_epoch);

/// What becomes of a run that was configured as `before` and continues as `now`, with another
/// number of epochs, after `steps_done` steps: a sentence for each schedule that depends on that
/// number and is stretched or shortened, with the rate of the last step and of the next.
std::vector<std::string> schedule_changes(const TrainConfig& before, const TrainConfig& now,
                                          std::int64_t steps_an_epoch, std::int64_t steps_done);

}  // namespace plastic::apps
