#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/data/files.h"

namespace plastic::test {

struct JpegForm {
  std::uint32_t width;
  std::uint32_t height;
  /// Of each component: samples across and down, in proportion to the others'. One component is
  /// grey, three are colour, four cyan, magenta, yellow and black.
  std::vector<std::array<int, 2>> sampling;
  bool progressive = false;
  /// A scan for each component; sampling factors whose products add up to more than 10 need that.
  bool separate_scans = false;
  /// Four components: luminance and colours in the place of cyan, magenta and yellow.
  bool ycck = false;
  /// Adobe's marker, which says how colours are kept.
  bool adobe = true;
};

/// A JPEG file, of the highest quality, made by libjpeg. `samples` are in rows, those of a pixel
/// together: grey; red, green and blue; or four as they are stored.
Bytes jpeg_bytes(const JpegForm& form, std::span<const std::uint8_t> samples);

}  // namespace plastic::test
