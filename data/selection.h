#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plastic/data/dataset.h"
#include "plastic/data/tensor_dataset.h"

namespace plastic::data {

/// `count` of 0, 1, ..., size - 1, in order; every choice is equally likely. Algorithm S of Knuth,
/// The Art of Computer Programming, volume 2, section 3.4.2.
std::vector<std::int64_t> sample(std::int64_t size, std::int64_t count, Generator& generator);

/// The indices of each class's examples, in order. Every label is at least 0 and below `classes`.
std::vector<std::vector<std::int64_t>> members_of_classes(const std::vector<std::int64_t>& labels,
                                                          std::size_t classes);

/// The examples of these indices, in new tensors.
ImageDataset select(const ImageDataset& dataset, std::span<const std::int64_t> indices);
TensorDataset select(const TensorDataset& dataset, std::span<const std::int64_t> indices);

/// round(fraction * size). Throws Error with the prefix [op] unless 0 < fraction <= 1 and it is at
/// least one.
std::int64_t checked_count(const char* op, std::int64_t size, double fraction);

/// The labels as a vector. Throws Error with the prefix [op] for a data set that is not as
/// ImageDataset describes it, labels outside its classes included.
std::vector<std::int64_t> checked_labels(const char* op, const ImageDataset& dataset);

/// The same for targets that are classes, with or without names.
std::vector<std::int64_t> checked_labels(const char* op, const TensorDataset& dataset);

}  // namespace plastic::data
