#pragma once

#include <filesystem>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic::data {

/// Reads an IDX file of unsigned bytes (the MNIST format), plain or compressed (gzip or xz,
/// recognised by content, not by name), into a u8 tensor of the file's shape. The format is
/// described at http://yann.lecun.com/exdb/mnist/. The file is untrusted: throws Error naming the
/// path when it cannot be opened, has another magic number or rank, is shorter or longer than its
/// header says, or is corrupt; a header that promises more than the file can hold is refused before
/// memory is allocated.
Tensor read_idx(const std::filesystem::path& path, std::size_t expected_rank);

}  // namespace plastic::data

#pragma GCC visibility pop
