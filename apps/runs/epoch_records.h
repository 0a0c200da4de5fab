#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "apps/terminal/progress.h"
#include "apps/training/training.h"
#include "plastic/data/dataset.h"

namespace plastic::apps {

/// What `train` records between epochs when it is asked to.
struct EpochRecordOptions {
  /// Epochs between two networks that are kept; 0 for none.
  int keep_every = 0;
  /// Epochs between two measurements of the curvature; 0 for none.
  int curvature_every = 0;
  std::int64_t curvature_images = 2048;
};

/// Keeps networks and measures the curvature after epochs, and shows the training on `display`. The
/// run is not changed by it.
class EpochRecords : public TrainingObserver {
 public:
  /// `folder` may be empty where nothing is kept; `input` is to_text() of its nn::ClassifierForm.
  /// What it is given by reference must outlive it.
  EpochRecords(const EpochRecordOptions& options, std::filesystem::path folder, std::string input,
               const TrainConfig& config, const data::ImageDataset& train,
               TrainingObserver& display, Progress& progress);

  /// What is trained. `is_new` where no epoch has begun: removes what an old run recorded in the
  /// folder, and keeps the initial network.
  void begin(const Training& training, bool is_new);

  void on_step(const StepResult& step) override;
  /// Before the epoch's checkpoint, so that a run that is killed here records the epoch when it is
  /// repeated; what was recorded already stays.
  void on_epoch(const EpochResult& result) override;

 private:
  void keep(int epoch) const;
  void measure(int epoch);

  EpochRecordOptions options_;
  std::filesystem::path folder_;
  std::string input_;
  const TrainConfig& config_;
  const data::ImageDataset& train_;
  TrainingObserver& display_;
  Progress& progress_;
  const Training* training_ = nullptr;
};

}  // namespace plastic::apps
