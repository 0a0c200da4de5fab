#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plastic/data/dataset.h"

namespace plastic::data {

/// `count` of 0, 1, ..., size - 1, in order; every choice is equally likely. Algorithm S of Knuth,
/// The Art of Computer Programming, volume 2, section 3.4.2.
std::vector<std::int64_t> sample(std::int64_t size, std::int64_t count, Generator& generator);

/// The examples of these indices, in new tensors. There must be at least one.
ImageDataset select(const ImageDataset& dataset, std::span<const std::int64_t> indices);

/// The labels as a vector. Throws Error with the prefix [op] for a data set that is not as
/// ImageDataset describes it, labels outside its classes included.
std::vector<std::int64_t> checked_labels(const char* op, const ImageDataset& dataset);

}  // namespace plastic::data
