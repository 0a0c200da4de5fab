#pragma once

#include <cstdint>

#include "plastic/data/dataset.h"

#pragma GCC visibility push(default)

namespace plastic::data {

/// How many shapes() draws, and which.
struct ShapesOptions {
  /// Images to train on, at least 1.
  std::int64_t train_size = 10000;
  /// Images to test on, at least 1.
  std::int64_t test_size = 2000;
  /// Decides every pixel.
  std::uint64_t seed = 0;
};

/// A data set of colour images generated in memory, so that what is meant for CIFAR-10 can be tried
/// without files: 32x32 pixels in ten classes, a disc, square, triangle, cross or ring, either
/// striped or checked, before clutter. Position, size, rotation and all colours are distributed
/// alike for every class: no pixel's mean is informative, and a linear model stays near chance,
/// while a small convolutional network learns the classes. Image i is of class i % 10. The same
/// seed gives the same bytes on every machine, and a smaller set is the beginning of a larger one.
/// Throws Error for a size below 1.
DatasetPair shapes(const ShapesOptions& options = {});

}  // namespace plastic::data

#pragma GCC visibility pop
