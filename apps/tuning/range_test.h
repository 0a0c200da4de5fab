#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "apps/training/training.h"

namespace plastic::apps {

/// A learning-rate range test (Smith, "Cyclical Learning Rates for Training Neural Networks", arXiv
/// 1506.01186, 3.3): training once while the rate rises, here by the same factor in each step.
struct RangeTestOptions {
  double low = 0.0;
  double high = 0.0;
  std::int64_t steps = 0;

  /// That of step number `step`, from 0: `low` in the first, `high` in the last.
  double rate(std::int64_t step) const;
};

/// Throws UsageError unless 0 < low < high and steps >= min_range_steps.
void check_range_test(const RangeTestOptions& options);
constexpr std::int64_t min_range_steps = 20;

/// Around the optimizer's own rate, a thousandth of it to a thousand times it, over the steps of
/// one epoch but no fewer than 200.
RangeTestOptions usual_range_test(const TrainConfig& config, const data::ImageDataset& train);

/// The test of one seed.
struct RangeRun {
  std::uint64_t seed = 0;
  /// The loss of each step's own batch before the step, as far as the test came.
  std::vector<double> losses = {};
  /// Whether it ended before its last step: the loss was no longer finite, or its running mean was
  /// four times the lowest before.
  bool has_diverged = false;
};

/// Trains from the run's own initial network in its own order of images, passing over them as often
/// as it takes. Rates of other parameter groups rise with that of the first. Schedules and warm-ups
/// of the rate are left out; what NeuroPlastic does by epoch, it does as in the middle of the run.
/// `on_step` is called after each step.
RangeRun run_range_test(const TrainConfig& config, const data::DatasetPair& data,
                        const RangeTestOptions& options, const std::function<void()>& on_step = {});

}  // namespace plastic::apps
