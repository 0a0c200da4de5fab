#pragma once

#include <memory>

#include "data/formats/byte_source.h"
#include "data/formats/input_file.h"

namespace plastic::data {

/// Decompresses a gzip file (RFC 1952; several members one after the other count as one, and zeros
/// behind a member count as nothing, as in gzip and Python) from its start. Throws Error when this
/// build reads no gzip; corrupt data throws from read().
std::unique_ptr<ByteSource> open_gzip(InputFile file);

}  // namespace plastic::data
