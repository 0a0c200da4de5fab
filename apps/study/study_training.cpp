#include "apps/study/study_training.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "apps/runs/saved_run.h"
#include "apps/training/stopwatch.h"
#include "apps/training/training_part.h"
#include "plastic/core/ops.h"

namespace plastic::apps {
namespace {

// Keeps the epochs, and passes the steps on.
class Collector : public TrainingObserver {
 public:
  Collector(StudyRun& run, WorkerObserver& steps) : run_(run), steps_(steps) {}

  void on_step(const StepResult& step) override {
    run_.steps_per_epoch = step.steps;
    steps_.on_step(step);
  }

  void on_epoch(const EpochResult& result) override {
    run_.train_loss.push_back(result.train_loss);
    run_.train_accuracy.push_back(result.train_accuracy);
    if (result.validation_loss) run_.validation_loss.push_back(*result.validation_loss);
    if (result.validation_accuracy) run_.validation_accuracy.push_back(*result.validation_accuracy);
    run_.test_loss.push_back(result.test_loss);
    run_.test_accuracy.push_back(result.test_accuracy);
    run_.seconds.push_back(result.seconds);
  }

 private:
  StudyRun& run_;
  WorkerObserver& steps_;
};

data::ImageDataset first_images(const data::ImageDataset& all, std::int64_t count) {
  data::ImageDataset part = all;
  count = std::min(count, all.size());
  part.images = all.images.slice(0, 0, count).contiguous();
  part.labels = all.labels.slice(0, 0, count).contiguous();
  return part;
}

}  // namespace

StudyRun train_study_run(const RunOptions& options, const data::DatasetPair& data, StudyRun run,
                         WorkerObserver& observer) {
  use(options.arithmetic, options.run.device);
  check_device(options.run.device);
  Collector collector(run, observer);
  Training training(options.run, data, collector);
  const SavedRunOptions saved{.folder = {},
                              .config = {},
                              .epochs = options.run.epochs,
                              .early_stopping = options.early_stopping};
  try {
    run_saved(saved, training, std::nullopt);
  } catch (const Diverged& diverged) {
    run.end = RunEnd::diverged;
    run.message = diverged.where();
  }
  return run;
}

double time_study_run(const RunOptions& options, const data::DatasetPair& data) {
  constexpr double enough_seconds = 0.5;
  constexpr std::int64_t max_batches = 64;
  use(options.arithmetic, options.run.device);
  check_device(options.run.device);
  TrainingObserver nobody;
  TrainConfig config = options.run;
  config.epochs = 1;
  // All of the few images are trained on; of so few, no part has every class.
  config.fraction = 1.0;
  config.limit_per_class = {};
  config.validation = 0.0;
  config.label_noise = 0.0;
  const double steps = static_cast<double>(steps_per_epoch(options.run, data.train));
  // Twice as many batches until the time is measurable: a step takes from under a millisecond to
  // some seconds. The first epoch, which warms caches up, is not counted.
  for (std::int64_t batches = 2;; batches *= 2) {
    data::DatasetPair part = data;
    part.train = first_images(data.train, batches * config.batch_size);
    part.test = first_images(data.test, 256);
    Training training(config, part, nobody);
    EpochResult result;
    double evaluation = 0.0;
    for (const int epoch : {1, 2}) {
      const Stopwatch stopwatch;
      try {
        result = training.run_epoch(epoch);
      } catch (const Diverged&) {
        return std::numeric_limits<double>::quiet_NaN();
      }
      evaluation = stopwatch.seconds() - result.seconds;
    }
    const bool is_all = part.train.size() == data.train.size();
    if (result.seconds < enough_seconds && batches < max_batches && !is_all) continue;
    const double done = static_cast<double>(steps_per_epoch(config, part.train));
    const double per_image = evaluation / static_cast<double>(part.test.size());
    const std::int64_t evaluated = data.test.size() + validation_size(options.run, data.train);
    return options.run.epochs *
           (result.seconds / done * steps + per_image * static_cast<double>(evaluated));
  }
}

}  // namespace plastic::apps
