#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "plastic/core/tensor.h"
#include "plastic/data/image.h"

namespace plastic::data {

struct DecodedImage {
  Tensor pixels;
  /// What the decoder found damaged but went past, in its words; empty where all is well.
  std::string warning;
};

/// Decodes the bytes of an image file as read_image() does; `name` stands for it in errors.
DecodedImage decode_image(const std::string& name, std::span<const std::uint8_t> bytes,
                          std::int64_t channels, Orientation orientation = Orientation::ignore);

/// The same without a look at the checksums of a PNG, which hardly any changed input has right.
DecodedImage decode_unchecked(const std::string& name, std::span<const std::uint8_t> bytes,
                              std::int64_t channels, Orientation orientation);

/// read_image() with the decoder's warning.
DecodedImage read_decoded(const std::filesystem::path& path, std::int64_t channels,
                          Orientation orientation);

}  // namespace plastic::data
