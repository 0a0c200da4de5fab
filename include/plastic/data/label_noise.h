#pragma once

#include <cstdint>
#include <vector>

#include "plastic/core/random.h"
#include "plastic/data/dataset.h"

namespace plastic::data {

struct NoisyLabels {
  /// Shares the images; the labels are new.
  ImageDataset dataset;
  /// The examples whose label was changed, in order.
  std::vector<std::int64_t> changed;
};

/// Symmetric label noise: round(fraction * size) examples, drawn without replacement by
/// `generator`, each get one of the other classes, all equally likely. Throws Error unless 0 <=
/// fraction <= 1, there are at least two classes and every label is one of them.
NoisyLabels add_label_noise(const ImageDataset& dataset, double fraction, Generator& generator);

}  // namespace plastic::data
