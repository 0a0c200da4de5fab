#pragma once

#include "plastic/core/tensor.h"

namespace plastic::data {

/// Moves and scales features so that each has mean 0 and deviation 1 over the examples that it was
/// measured on, which are to be those of the training part alone:
///   const data::Standardization scale = data::standardization(train.features);
///   train.features = scale.apply(train.features);
///   test.features = scale.apply(test.features);
/// For targets that are numbers it works alike: undo() takes a prediction back to their unit.
struct Standardization {
  /// Of one example's shape and the features' dtype.
  Tensor mean;
  Tensor deviation;

  /// (x - mean) / deviation
  Tensor apply(const Tensor& x) const;
  /// x * deviation + mean
  Tensor undo(const Tensor& x) const;
};

/// The mean and deviation of each feature over the N examples of (N, ...) features, f32 or f64: the
/// deviation of the population (divided by N), and 1 for a feature that never changes, as
/// scikit-learn's StandardScaler has them. Computed in f64. Throws Error for another dtype, no
/// examples, and a feature whose mean or deviation is not finite.
Standardization standardization(const Tensor& features);

}  // namespace plastic::data
