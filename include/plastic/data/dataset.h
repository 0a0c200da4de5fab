#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "plastic/core/random.h"
#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic::data {

/// Labelled images in memory.
struct ImageDataset {
  /// (N, C, H, W) u8.
  Tensor images;
  /// (N) i64, each in [0, class_names.size()).
  Tensor labels;
  /// The name of each class.
  std::vector<std::string> class_names;
  /// Per channel, of pixels scaled to [0, 1]: the loader gives (x / 255 - mean) / deviation.
  std::vector<float> mean;
  /// Per channel, likewise; above 0.
  std::vector<float> deviation;

  /// N.
  std::int64_t size() const { return images.size(0); }
};

/// A training and a test set under one name.
struct DatasetPair {
  /// The row of the catalog, or what was read instead.
  std::string name;
  /// The folder it was read from, or "generated".
  std::string source;
  /// To train on.
  ImageDataset train;
  /// To test on.
  ImageDataset test;
};

/// round(fraction * size) examples drawn without replacement by `generator`, kept in their original
/// order. Throws Error unless 0 < fraction <= 1 and at least one example is left. fraction 1
/// returns the whole set.
ImageDataset subset(const ImageDataset& dataset, double fraction, Generator& generator);

/// `count` examples of each class, drawn without replacement by `generator`, kept in their original
/// order: for studies with few examples. Throws Error unless count >= 1, every class has as many
/// and every label is one of the classes.
ImageDataset subset_per_class(const ImageDataset& dataset, std::int64_t count,
                              Generator& generator);

}  // namespace plastic::data

#pragma GCC visibility pop
