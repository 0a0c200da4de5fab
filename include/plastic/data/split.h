#pragma once

#include "plastic/core/random.h"
#include "plastic/data/dataset.h"
#include "plastic/data/tensor_dataset.h"

#pragma GCC visibility push(default)

namespace plastic::data {

/// A data set in two parts.
struct Split {
  /// What is left to train on.
  ImageDataset train;
  /// What was set aside.
  ImageDataset validation;
};

/// The same of a TensorDataset.
struct TensorSplit {
  /// What is left to train on.
  TensorDataset train;
  /// What was set aside.
  TensorDataset validation;
};

/// Sets round(fraction * size) examples aside for validation, drawn by `generator` class by class:
/// fraction * n, rounded down or up, of a class with n examples. Both parts keep the original
/// order, in new tensors. Throws Error unless 0 < fraction < 1, neither part is empty and every
/// label is one of the classes.
Split stratified_split(const ImageDataset& dataset, double fraction, Generator& generator);

/// The same for targets that are classes, (N) i64; where they have no names, the classes are the
/// values that occur. Also throws Error for other targets and unless the tensors are on the CPU.
TensorSplit stratified_split(const TensorDataset& dataset, double fraction, Generator& generator);

/// Sets round(fraction * size) examples aside for validation, every choice being equally likely
/// (torch.utils.data.random_split): for targets that are numbers. Both parts keep the original
/// order, in new tensors. Throws Error unless the tensors are on the CPU, 0 < fraction < 1 and
/// neither part is empty.
TensorSplit random_split(const TensorDataset& dataset, double fraction, Generator& generator);

}  // namespace plastic::data

#pragma GCC visibility pop
