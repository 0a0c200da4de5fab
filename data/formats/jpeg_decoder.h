#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "plastic/core/tensor.h"

namespace plastic::data {

/// Decodes a JPEG file: any sampling of colours, progressive too; of printing colours (CMYK, YCCK)
/// as Pillow does, which takes them to be inverted, as Adobe writes them. `warning` becomes what
/// the decoder found damaged but went past, as all readers do; a file that ends before its image
/// does is an error, as for Pillow and torchvision. `name` stands for the file in errors.
Tensor decode_jpeg(const std::string& name, std::span<const std::uint8_t> file,
                   std::int64_t channels, std::string& warning);

}  // namespace plastic::data
