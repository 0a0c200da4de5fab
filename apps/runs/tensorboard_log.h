#pragma once

#include <cstdint>
#include <optional>

#include "apps/runs/checkpoint.h"
#include "apps/runs/event_file.h"
#include "apps/runs/saved_run.h"
#include "apps/training/training.h"

namespace plastic::apps {

/// Writes a run to an event file of TensorBoard's in the run's folder, beside telling another
/// observer of it. Its x-axis is the number of steps done since the run began.
///
/// After each epoch: the numbers of metrics.jsonl, as "loss/train", "accuracy/test", "seconds" and
/// so on, with "diagnostics/NAME". In between: "loss/batch", the loss of single batches, of the
/// first step and of about fifty per epoch, always the same ones. At the beginning: the
/// configuration, as the text "config" and as hyper-parameters.
class TensorBoardLog : public TrainingObserver {
 public:
  /// For the run in `saved.folder` that begins, or continues from `start`; a run that continues
  /// gets a further file, which tells readers to forget steps that are done again. `observer` must
  /// outlive it.
  TensorBoardLog(const SavedRunOptions& saved, const std::optional<Checkpoint>& start,
                 TrainingObserver& observer);

  bool wants_batch_loss(std::int64_t step, std::int64_t steps) const override;
  void on_step(const StepResult& step) override;
  void on_epoch(const EpochResult& result) override;

 private:
  EventFile file_;
  TrainingObserver& observer_;
  /// Since the run began.
  std::int64_t steps_done_ = 0;
};

/// `observer`, or a TensorBoardLog in front of it, made in `log`, where the run is to have one.
TrainingObserver& logged(std::optional<TensorBoardLog>& log, const SavedRunOptions& saved,
                         const std::optional<Checkpoint>& start, TrainingObserver& observer);

}  // namespace plastic::apps
