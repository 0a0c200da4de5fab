#pragma once

#include <cstdint>

#include "core/device/batch_norm_call.h"

namespace plastic {

/// The statistics of a batch, and what moves with them in training.
struct BatchStatistics {
  DType dtype = DType::f32;
  /// (rows, channels), neither of them 0.
  std::int64_t rows = 0;
  std::int64_t channels = 0;
  const void* x = nullptr;
  /// Written as by Backend::batch_norm_statistics().
  double* mean = nullptr;
  double* variance = nullptr;
  /// Moved towards these as by Backend::batch_norm_running(); of parameter_dtype(dtype), both null
  /// where there are none.
  double momentum = 0;
  double bessel = 1;
  void* running_mean = nullptr;
  void* running_var = nullptr;
  /// Counted up by one; null where there is none.
  std::int64_t* batches = nullptr;
};

/// A device on which all of that costs no more than the statistics alone has this as a second base
/// of its Backend.
class TrainingStatistics {
 public:
  /// Running statistics stay as they were when memory is out.
  virtual void batch_norm_training_statistics(const BatchStatistics& call) = 0;

 protected:
  ~TrainingStatistics() = default;
};

}  // namespace plastic
