#pragma once

#include <cstdint>
#include <vector>

#include "plastic/core/random.h"
#include "plastic/data/dataset.h"

#pragma GCC visibility push(default)

namespace plastic::data {

/// What add_label_noise() gives.
struct NoisyLabels {
  /// Shares the images; the labels are new.
  ImageDataset dataset;
  /// The examples whose label was changed, in order.
  std::vector<std::int64_t> changed;
};

/// What a wrong label becomes.
enum class LabelNoise {
  /// Each of the other classes is equally likely.
  symmetric,
  /// Class c becomes c + 1, the last class the first: classes that are taken for each other
  /// (Patrini
  /// et al. 2017, arXiv 1609.03683; Han et al. 2018, arXiv 1804.06872).
  pair,
};

/// Label noise: round(fraction * size) examples, drawn without replacement by `generator`, each get
/// another class; which examples depends on the generator, the size and the fraction alone. Patrini
/// and Han draw each example with probability `fraction`, which changes about as many. Throws Error
/// unless 0 <= fraction <= 1, there are at least two classes and every label is one of them.
NoisyLabels add_label_noise(const ImageDataset& dataset, double fraction, Generator& generator,
                            LabelNoise kind = LabelNoise::symmetric);

}  // namespace plastic::data

#pragma GCC visibility pop
