#pragma once

#include <memory>

#include "data/formats/byte_source.h"
#include "data/formats/input_file.h"

namespace plastic::data {

/// Decompresses an xz file (several streams one after the other count as one) from its start.
/// Throws Error when this build does not read xz; corrupt data throws from read().
std::unique_ptr<ByteSource> open_xz(InputFile file);

}  // namespace plastic::data
