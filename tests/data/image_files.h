#pragma once

#include <cstdint>
#include <span>

#include "tests/data/files.h"

namespace plastic::test {

/// A PNG file of uncompressed 8-bit samples: `channels` 1 is grey, 2 grey with transparency, 3
/// colour, 4 colour with transparency. `samples` are in rows, the channels of a pixel together;
/// they may be fewer than the size promises.
Bytes png_bytes(std::uint32_t width, std::uint32_t height, std::uint32_t channels,
                std::span<const std::uint8_t> samples);

}  // namespace plastic::test
