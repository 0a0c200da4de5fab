#pragma once

#include <cstdint>
#include <span>

#include "tests/data/files.h"

namespace plastic::test {

/// Whether stb_image reads the images, which is told less of damage (plastic/data/image.h).
#ifdef PLASTIC_STB_IMAGES
inline constexpr bool stb_reads_images = true;
#else
inline constexpr bool stb_reads_images = false;
#endif

/// A chunk of a PNG file: its length, type, contents and checksum.
Bytes png_chunk(const char* type, const Bytes& contents);

struct PngForm {
  std::uint32_t width;
  std::uint32_t height;
  std::uint8_t depth = 8;
  /// 0 grey, 2 colour, 3 palette, 4 grey with transparency, 6 colour with transparency.
  std::uint8_t colour_type = 0;
  bool interlaced = false;
  /// Chunks that stand before the pixels.
  Bytes chunks = {};
};

/// A PNG file of any form. `rows` are what is compressed: each with the byte of its filter before
/// it.
Bytes png_file(const PngForm& form, std::span<const std::uint8_t> rows);

/// The rows of an interlaced image (Adam7) of samples of a byte, one a pixel.
Bytes adam7_rows(std::uint32_t width, std::uint32_t height, std::span<const std::uint8_t> samples);

/// A PNG file of uncompressed 8-bit samples: `channels` 1 is grey, 2 grey with transparency, 3
/// colour, 4 colour with transparency. `samples` are in rows, the channels of a pixel together;
/// they may be fewer than the size promises.
Bytes png_bytes(std::uint32_t width, std::uint32_t height, std::uint32_t channels,
                std::span<const std::uint8_t> samples);

}  // namespace plastic::test
