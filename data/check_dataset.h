#pragma once

#include "plastic/data/dataset.h"

namespace plastic::data {

/// Throws Error with the prefix [op] unless the parts of `dataset` fit each other and their
/// description in ImageDataset. Does not look at single labels.
void check_dataset(const char* op, const ImageDataset& dataset);

}  // namespace plastic::data
