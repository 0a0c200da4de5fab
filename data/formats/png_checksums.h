#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace plastic::data {

/// Throws Error naming `name` for a PNG file with a chunk whose checksum is not that of its bytes,
/// or that ends before its last chunk: damage that the decoder may not see. Does nothing for bytes
/// that are not a PNG file. https://www.w3.org/TR/png-3/#5Chunk-layout
void check_png_checksums(const std::string& name, std::span<const std::uint8_t> bytes);

}  // namespace plastic::data
