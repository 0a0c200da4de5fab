#pragma once

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic::data {

/// Shifts and scales features so that each has mean 0 and deviation 1 over the examples it was
/// measured on, which should be those of the training part alone:
///   const data::Standardization scale = data::standardization(train.features);
///   train.features = scale.apply(train.features);
///   test.features = scale.apply(test.features);
/// It works for targets that are numbers, too: undo() converts a prediction back to their unit.
struct Standardization {
  /// With one example's shape and the features' dtype.
  Tensor mean;
  /// Of the same shape and dtype; 1 where a feature is constant.
  Tensor deviation;

  /// (x - mean) / deviation
  Tensor apply(const Tensor& x) const;
  /// x * deviation + mean
  Tensor undo(const Tensor& x) const;
};

/// The mean and deviation of each feature over the N examples of (N, ...) features, f32 or f64: the
/// population deviation (divided by N), and 1 for a constant feature, as in scikit-learn's
/// StandardScaler. Computed in f64. Throws Error for another dtype, no examples, and a feature
/// whose mean or deviation is not finite.
Standardization standardization(const Tensor& features);

}  // namespace plastic::data

#pragma GCC visibility pop
