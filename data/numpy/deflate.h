#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "data/formats/byte_source.h"

namespace plastic::data {

// The method "deflated" of ZIP archives (RFC 1951). Both throw Error of `name` in a build without
// zlib.

/// What the deflated bytes of `packed` decompress to, at most `size` bytes. Corrupt data throws
/// from read().
std::unique_ptr<ByteSource> inflated(const std::string& name, std::unique_ptr<ByteSource> packed,
                                     std::uint64_t size);

std::string deflated(const std::string& name, std::string_view bytes);

}  // namespace plastic::data
