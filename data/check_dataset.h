#pragma once

#include "plastic/data/dataset.h"
#include "plastic/data/tensor_dataset.h"

namespace plastic::data {

/// Throws Error with the prefix [op] unless the parts of `dataset` fit each other and their
/// description in ImageDataset. Does not look at single labels.
void check_dataset(const char* op, const ImageDataset& dataset);

/// The same for any tensors.
void check_dataset(const char* op, const TensorDataset& dataset);

/// Throws Error, too, unless they are on the CPU.
void check_on_host(const char* op, const TensorDataset& dataset);

}  // namespace plastic::data
