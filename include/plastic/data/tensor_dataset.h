#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plastic/core/random.h"
#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic::data {

/// Examples of any kind in memory: rows of a table, windows of a series, points of a function, with
/// what is to be predicted for each. Two tensors of any shape and dtype, on one device, whose first
/// axis counts the examples (torch.utils.data.TensorDataset). For labelled images, which are kept
/// as bytes and augmented as they are read, see ImageDataset.
struct TensorDataset {
  /// (N, ...)
  Tensor features;
  /// (N) i64 for classes, as cross_entropy() takes them; (N) or (N, ...) f32 or f64 for numbers.
  Tensor targets;
  /// For classes: each target is in [0, class_names.size()). Empty for numbers, and where classes
  /// have no names.
  std::vector<std::string> class_names = {};
  /// Names of a table's columns; empty where they have none.
  std::vector<std::string> feature_names = {};

  /// N.
  std::int64_t size() const { return features.size(0); }
};

/// round(fraction * size) examples drawn without replacement by `generator`, kept in their original
/// order. Throws Error unless features and targets are set, on the CPU and of as many examples,
/// 0 < fraction <= 1 and at least one example is left. fraction 1 returns the whole set.
TensorDataset subset(const TensorDataset& dataset, double fraction, Generator& generator);

}  // namespace plastic::data

#pragma GCC visibility pop
