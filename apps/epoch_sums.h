#pragma once

#include <cstdint>
#include <vector>

#include "apps/optimizers.h"
#include "plastic/core/state_dict.h"

namespace plastic::apps {

/// What the batches of an epoch add up to.
class EpochSums {
 public:
  /// A batch: its mean loss, the logits (N, C) and the classes (N); of a training step also the
  /// optimizer's diagnostics, the same ones in each step.
  void add(double mean_loss, const Tensor& logits, const Tensor& labels,
           const Diagnostics& diagnostics = {});

  /// Means over the images met so far.
  double loss() const { return loss_ / static_cast<double>(images_); }
  double accuracy() const { return static_cast<double>(correct_) / static_cast<double>(images_); }
  std::int64_t images() const { return images_; }
  std::int64_t batches() const { return batches_; }
  /// Means over the batches.
  Diagnostics diagnostics() const;

  /// "sums" (f64: loss, then the diagnostics) and "counts" (i64: correct, images, batches).
  StateDict state() const;
  /// Goes on from `state`. Throws Error when it is not such a state.
  void restore(const StateDict& state);

 private:
  double loss_ = 0.0;
  std::int64_t correct_ = 0;
  std::int64_t images_ = 0;
  std::int64_t batches_ = 0;
  std::vector<double> diagnostic_sums_;
  /// Of the last batch, for the names.
  Diagnostics last_;
};

/// The integers of the tensor called `name`. Throws Error unless there are `count`.
std::vector<std::int64_t> integers(const StateDict& state, const char* name, std::size_t count);

}  // namespace plastic::apps
