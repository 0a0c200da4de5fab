#pragma once

#include <filesystem>
#include <vector>

#include "plastic/data/dataset.h"

#pragma GCC visibility push(default)

namespace plastic::data {

/// Reads files of CIFAR-10's binary version (https://www.cs.toronto.edu/~kriz/cifar.html), plain or
/// compressed (recognised by content), in order: records of a label and 3x32x32 bytes, red, green
/// and blue planes. Images (N, 3, 32, 32) in ten classes, normalised with mean (0.491, 0.482,
/// 0.447) and deviation (0.247, 0.243, 0.262), the paper's protocol. The files are untrusted:
/// throws Error naming the path for one that cannot be opened, is empty or corrupt, does not hold a
/// whole number of records, holds more than 2^20, or has a label outside 0 to 9; and for an empty
/// list.
ImageDataset read_cifar10(const std::vector<std::filesystem::path>& files);

/// Reads CIFAR-100's files likewise: records begin with a coarse label, 0 to 19, which is checked
/// and dropped, and the fine one, 0 to 99. Mean (0.5071, 0.4865, 0.4409), deviation (0.2673,
/// 0.2564, 0.2762), which are the training set's own.
ImageDataset read_cifar100(const std::vector<std::filesystem::path>& files);

}  // namespace plastic::data

#pragma GCC visibility pop
