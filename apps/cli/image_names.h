#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plastic/core/tensor.h"
#include "plastic/data/image.h"

namespace plastic::apps {

// The images that a command line names: files, folders, "-" for standard input.

/// The PNG and JPEG files of a folder and of those within it, in the order of their names, or the
/// name itself. Says on std::cerr how many files of a folder were passed over. Throws Error for a
/// folder that cannot be read or has no such file.
std::vector<std::string> images_of(const std::string& name);

/// read_image() of a file, or of what comes on standard input.
Tensor read_named_image(const std::string& name, std::int64_t channels,
                        data::Orientation orientation);

}  // namespace plastic::apps
