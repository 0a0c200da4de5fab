#pragma once

#include <cstdint>
#include <vector>

#include "apps/training/optimizers.h"
#include "plastic/core/state_dict.h"

namespace plastic::apps {

/// What the batches of an epoch add up to. Losses and correct predictions are summed on a device,
/// so that a step need not wait for it; what the means are of is what read() last found there.
class EpochSums {
 public:
  explicit EpochSums(Device device = {});

  /// Back to no batches.
  void clear();

  /// The device's part of a batch: its mean loss, the logits (N, C) and the classes (N). May be
  /// captured.
  void add(const Tensor& mean_loss, const Tensor& logits, const Tensor& labels);
  /// The same where it was computed in parts: the loss summed over the images, and how many of them
  /// were predicted correctly.
  void add(double loss_sum, double correct);
  /// The host's part: how many images it had; of a training step also the optimizer's diagnostics,
  /// the same ones in each step.
  void count(std::int64_t images, const Diagnostics& diagnostics = {});
  /// Waits for the device and fetches the sums of all batches so far, each of which was both added
  /// and counted.
  void read();

  /// Means over the images that read() saw.
  double loss() const { return loss_ / static_cast<double>(read_images_); }
  /// What loss() is the mean of, summed over the images.
  double loss_sum() const { return loss_; }
  /// How many of them were predicted correctly.
  double correct() const { return correct_; }
  double accuracy() const { return correct_ / static_cast<double>(read_images_); }
  std::int64_t images() const { return images_; }
  std::int64_t batches() const { return batches_; }
  /// Means over the batches.
  Diagnostics diagnostics() const;

  /// "sums" (f64: loss, then the diagnostics) and "counts" (i64: correct, images, batches), as of
  /// the last read().
  StateDict state() const;
  /// Continues from `state`. `named` are diagnostics with the names that its sums belong to,
  /// whatever their values, for means requested before the next batch. Throws Error when it is not
  /// such a state.
  void restore(const StateDict& state, const Diagnostics& named = {});

 private:
  /// f64 (2): loss and correct predictions; at one address, where captured steps add to it.
  Tensor sums_;
  double loss_ = 0.0;
  double correct_ = 0.0;
  std::int64_t read_images_ = 0;
  std::int64_t images_ = 0;
  std::int64_t batches_ = 0;
  std::vector<double> diagnostic_sums_;
  /// Those of the last batch, for their names.
  Diagnostics last_;
};

}  // namespace plastic::apps
