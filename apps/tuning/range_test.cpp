#include "apps/tuning/range_test.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "apps/cli/values.h"
#include "apps/training/epoch_sums.h"
#include "apps/training/last_batch.h"
#include "apps/training/model_choice.h"
#include "apps/training/train_step.h"
#include "apps/training/training_part.h"
#include "plastic/data/loader.h"
#include "plastic/optim/optimizer.h"
#include "plastic/optim/schedule.h"

namespace plastic::apps {
namespace {

// Whether the loss has risen so far that higher rates would show nothing more.
class Watch {
 public:
  bool is_lost(double loss) {
    constexpr double kept = 0.9;
    constexpr double too_many_times = 4.0;
    weight_ = kept * weight_ + (1 - kept);
    sum_ = kept * sum_ + (1 - kept) * loss;
    const double mean = sum_ / weight_;
    lowest_ = ++count_ == 1 ? mean : std::min(lowest_, mean);
    return mean > too_many_times * lowest_;
  }

 private:
  double sum_ = 0.0;
  double weight_ = 0.0;
  double lowest_ = 0.0;
  int count_ = 0;
};

}  // namespace

double RangeTestOptions::rate(std::int64_t step) const {
  return low * std::pow(high / low, static_cast<double>(step) / static_cast<double>(steps - 1));
}

void check_range_test(const RangeTestOptions& options) {
  if (!(options.low < options.high)) {
    throw UsageError("--from " + brief(options.low) + " --to " + brief(options.high) +
                     ": expected the lower rate first");
  }
  if (options.steps < min_range_steps) {
    throw UsageError("--steps " + std::to_string(options.steps) + ": expected at least " +
                     std::to_string(min_range_steps));
  }
}

RangeTestOptions usual_range_test(const TrainConfig& config, const data::ImageDataset& train) {
  constexpr double factor = 1000.0;
  constexpr std::int64_t enough_steps = 200;
  return {.low = config.optimizer.lr / factor,
          .high = config.optimizer.lr * factor,
          .steps = std::max(steps_per_epoch(config, train), enough_steps)};
}

RangeRun run_range_test(const TrainConfig& config, const data::DatasetPair& data,
                        const RangeTestOptions& options, const std::function<void()>& on_step) {
  const TrainingPart part = training_part(config, data.train);
  data::Loader loader(part.train, {.batch_size = config.batch_size,
                                   .drop_last = leaves_out_last_batch(config, data.train),
                                   .generator = {.seed = config.seed, .stream = streams::shuffle},
                                   .augment = config.augment,
                                   .prefetch_threads = config.prefetch_threads,
                                   .device = config.device});
  Generator generator{.seed = config.seed, .stream = streams::initial_weights};
  const nn::ModulePtr model = make_model(config, model_sizes(data.train), generator);
  model->to(config.device);
  generator = {.seed = config.seed, .stream = streams::dropout};
  const std::unique_ptr<optim::Optimizer> optimizer =
      make_optimizer(config.optimizer, model->parameters());
  const double own = config.optimizer.lr;
  optim::Scheduler scheduler(*optimizer, optim::Schedule([&](std::int64_t step, double base) {
    return base * (options.rate(std::min(step, options.steps - 1)) / own);
  }));
  EpochSums sums(config.device);
  TrainStep step(*model, *optimizer, loader, sums, generator, config.device);
  optimizer->train();
  optimizer->set_epoch((config.epochs + 1) / 2, config.epochs);

  RangeRun run{.seed = config.seed};
  Watch watch;
  double sum = 0.0;
  loader.start_epoch();
  while (std::ssize(run.losses) < options.steps) {
    if (!loader.advance()) {
      loader.start_epoch();
      continue;
    }
    step.run();
    scheduler.step();
    sums.count(loader.batch_size());
    sums.read();
    const double loss = (sums.loss_sum() - sum) / static_cast<double>(loader.batch_size());
    sum = sums.loss_sum();
    run.has_diverged = !std::isfinite(loss);
    if (run.has_diverged) break;
    run.losses.push_back(loss);
    run.has_diverged = watch.is_lost(loss);
    if (run.has_diverged) break;
    if (on_step) on_step();
  }
  return run;
}

}  // namespace plastic::apps
