#include "apps/training/schedules.h"

#include <algorithm>
#include <cmath>

#include "apps/cli/values.h"

namespace plastic::apps {

using optim::Schedule;

namespace {

/// Whether NeuroPlastic's rule depends on which share of the epochs is done.
bool follows_progress(const OptimizerSettings& settings) {
  const optim::NeuroPlasticOptions& options = settings.plasticity;
  if (!is_neuroplastic(settings.name)) return false;
  if (options.hybrid_base != optim::HybridBase::classic) {
    return options.phase_scope != optim::PhaseScope::full;
  }
  return options.orthogonal_residual &&
         options.orthogonal_schedule != optim::OrthogonalSchedule::constant;
}

}  // namespace

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
    throw UsageError("--warmup: one-cycle has its own warm-up");
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

std::vector<std::string> schedule_changes(const TrainConfig& before, const TrainConfig& now,
                                          std::int64_t steps_an_epoch, std::int64_t steps_done) {
  if (before.epochs == now.epochs || steps_done == 0) return {};
  const std::string from_to = std::string(now.epochs > before.epochs ? "stretched" : "shortened") +
                              " from " + std::to_string(before.epochs) + " to " +
                              std::to_string(now.epochs) + " epochs: ";
  std::vector<std::string> changes;
  if (now.schedule != LrSchedule::constant) {
    const double last = make_schedule(before, steps_an_epoch).lr(steps_done - 1, now.optimizer.lr);
    const double next = make_schedule(now, steps_an_epoch).lr(steps_done, now.optimizer.lr);
    changes.push_back("the " + name_of(now.schedule) + " schedule is " + from_to +
                      "the learning rate was " + brief(last) + " in the last step and is " +
                      brief(next) + " in the next");
  }
  if (follows_progress(now.optimizer)) {
    const double done = static_cast<double>(steps_done) / static_cast<double>(steps_an_epoch);
    const auto share = [&](const TrainConfig& config) { return brief(done / config.epochs); };
    changes.push_back("NeuroPlastic's schedule is " + from_to + share(before) +
                      " of it was done and now " + share(now) + " is");
  }
  return changes;
}

}  // namespace plastic::apps
