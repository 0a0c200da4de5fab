#pragma once

#include "plastic/core/random.h"
#include "plastic/data/dataset.h"

namespace plastic::data {

struct Split {
  ImageDataset train;
  ImageDataset validation;
};

/// Sets round(fraction * size) examples apart for validation, drawn by `generator` class by class:
/// of a class with n examples fraction * n, rounded down or up. Both parts keep the original order,
/// in new tensors. Throws Error unless 0 < fraction < 1, neither part is empty and every label is
/// one of the classes.
Split stratified_split(const ImageDataset& dataset, double fraction, Generator& generator);

}  // namespace plastic::data
