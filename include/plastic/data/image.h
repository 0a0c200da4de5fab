#pragma once

#include <cstdint>
#include <filesystem>

#include "plastic/core/tensor.h"

namespace plastic::data {

/// Decodes a PNG or JPEG file (told apart by content) into a (channels, H, W) u8 tensor: channels 1
/// is grey, 3 red, green and blue. Colour becomes grey as (77 r + 150 g + 29 b) / 256, rounded;
/// transparency is dropped, 16-bit samples are rounded to 8 bits, an orientation noted beside the
/// pixels is not followed. JPEGs of printing colours (CMYK) are not read. The file is untrusted:
/// throws Error naming the path when it cannot be opened, is no such image, is corrupt or cut
/// short, has more than 2^27 pixels or a side above 32768, or promises more pixels than its bytes
/// can hold. Throws Error, too, for other channels and when this build decodes no images.
Tensor read_image(const std::filesystem::path& path, std::int64_t channels = 3);

/// A (C, H, W) u8 image at another size: bilinear, with the filter widened by the factor by which
/// an axis shrinks, so that every pixel counts (PyTorch's interpolate(mode="bilinear",
/// align_corners=False, antialias=True), rounded). Throws Error unless the image is u8 of rank 3
/// with pixels, and both sizes are 1 to 32768.
Tensor resize_image(const Tensor& image, std::int64_t height, std::int64_t width);

}  // namespace plastic::data
