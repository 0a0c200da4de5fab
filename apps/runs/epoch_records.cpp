#include "apps/runs/epoch_records.h"

#include <utility>

#include "apps/cli/values.h"
#include "apps/runs/curvature_file.h"
#include "apps/runs/kept_networks.h"
#include "apps/runs/run_files.h"
#include "apps/training/curvature.h"

namespace plastic::apps {

EpochRecords::EpochRecords(const EpochRecordOptions& options, std::filesystem::path folder,
                           std::string input, const TrainConfig& config,
                           const data::ImageDataset& train, TrainingObserver& display,
                           Progress& progress)
    : options_(options),
      folder_(std::move(folder)),
      input_(std::move(input)),
      config_(config),
      train_(train),
      display_(display),
      progress_(progress) {}

void EpochRecords::begin(const Training& training, bool is_new) {
  training_ = &training;
  if (!is_new || folder_.empty()) return;
  remove_run_file(CurvatureFile(folder_).path());
  remove_kept_networks(folder_);
  if (options_.keep_every > 0) keep(0);
}

void EpochRecords::on_step(const StepResult& step) { display_.on_step(step); }

void EpochRecords::on_epoch(const EpochResult& result) {
  display_.on_epoch(result);
  const int epoch = result.epoch;
  if (options_.keep_every > 0 && epoch % options_.keep_every == 0) keep(epoch);
  if (options_.curvature_every > 0 && epoch % options_.curvature_every == 0) measure(epoch);
}

void EpochRecords::keep(int epoch) const {
  keep_network(folder_, epoch, input_, training_->model_state());
}

void EpochRecords::measure(int epoch) {
  const std::int64_t step = epoch * steps_per_epoch(config_, train_);
  if (!folder_.empty() && CurvatureFile(folder_).has(step)) return;
  Curvature curvature = measure_curvature(config_, train_, training_->model_state(),
                                          {.images = options_.curvature_images});
  curvature.epoch = epoch;
  curvature.step = step;
  if (!folder_.empty()) CurvatureFile(folder_).append(curvature);
  progress_.print("           largest eigenvalue " + brief(curvature.hessian.values.front()) +
                  ", noise scale " + brief(curvature.noise.scale) + " images");
}

}  // namespace plastic::apps
