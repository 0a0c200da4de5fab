#pragma once

#include <cstdint>

#include "plastic/data/dataset.h"

#pragma GCC visibility push(default)

namespace plastic::data {

/// How many digits() draws, and which.
struct DigitsOptions {
  /// Images to train on, at least 1.
  std::int64_t train_size = 10000;
  /// Images to test on, at least 1.
  std::int64_t test_size = 2000;
  /// Decides every pixel.
  std::uint64_t seed = 0;
};

/// A data set generated in memory so that everything can be tried without files: 28x28 grey images
/// of the ten digits, drawn from strokes with random slant, scale, position, thickness, clutter and
/// noise. Image i shows digit i % 10. The same seed gives the same bytes on every machine, and a
/// smaller set is the beginning of a larger one. Hard enough that a linear model stays under 95%
/// while an MLP exceeds it. Throws Error for a size below 1.
DatasetPair digits(const DigitsOptions& options = {});

}  // namespace plastic::data

#pragma GCC visibility pop
