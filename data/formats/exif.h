#pragma once

#include <cstdint>
#include <span>

#include "plastic/core/tensor.h"

namespace plastic::data {

/// How an image is to be turned: EXIF's tag 0x0112, 1 (as it is) to 8, in `tiff`, the EXIF data
/// from their byte order on (CIPA DC-008). 1 as well where they do not say, or are damaged: a
/// picture is worth reading whatever is noted beside it.
int exif_orientation(std::span<const std::uint8_t> tiff);

/// The EXIF data in the bytes of a JPEG file (its first APP1 segment that has some) or of a PNG
/// file (its chunk eXIf); empty where there are none.
std::span<const std::uint8_t> exif_of_jpeg(std::span<const std::uint8_t> file);
std::span<const std::uint8_t> exif_of_png(std::span<const std::uint8_t> file);

/// A (C, H, W) u8 image rotated and mirrored as `orientation` says, so that it is upright.
Tensor turn_upright(const Tensor& image, int orientation);

}  // namespace plastic::data
