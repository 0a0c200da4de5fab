#include "apps/schedules.h"

#include <algorithm>
#include <cmath>

#include "apps/values.h"

namespace plastic::apps {

using optim::Schedule;

const std::vector<std::string>& schedule_names() {
  static const std::vector<std::string> names = {"constant", "cosine", "one-cycle"};
  return names;
}

std::string name_of(LrSchedule schedule) {
  return schedule_names()[static_cast<std::size_t>(schedule)];
}

LrSchedule parse_schedule(std::string_view text) {
  const std::string name = parse_choice(text, schedule_names());
  const auto found = std::ranges::find(schedule_names(), name);
  return static_cast<LrSchedule>(found - schedule_names().begin());
}

void check_schedule(const TrainConfig& config) {
  if (config.warmup_epochs == 0) return;
  if (config.schedule == LrSchedule::one_cycle) {
    throw UsageError("--warmup: one-cycle has a warm-up of its own");
  }
  if (config.warmup_epochs >= config.epochs) {
    throw UsageError("--warmup " + std::to_string(config.warmup_epochs) + ": the run has " +
                     std::to_string(config.epochs) + " epochs; expected fewer than that");
  }
}

Schedule make_schedule(const TrainConfig& config, std::int64_t steps_an_epoch) {
  const std::int64_t warmup = config.warmup_epochs * steps_an_epoch;
  const std::int64_t all = config.epochs * steps_an_epoch;
  Schedule shape = config.schedule == LrSchedule::cosine      ? Schedule::cosine(all - warmup)
                   : config.schedule == LrSchedule::one_cycle ? Schedule::one_cycle(all)
                                                              : Schedule::constant();
  // From 1/warmup up: a first step at rate 0 would be none.
  if (warmup > 0) shape = Schedule::warmup(warmup, 1.0 / static_cast<double>(warmup), shape);
  const double decay = config.optimizer.lr_decay;
  return Schedule([=](std::int64_t t, double base) {
    const std::int64_t epochs_done = t / steps_an_epoch;
    return shape.lr(t, base * std::pow(decay, epochs_done));
  });
}

}  // namespace plastic::apps
