#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "plastic/core/tensor.h"

namespace plastic::data {

/// Decodes the bytes of an image file as read_image() does, but for the checksums of a PNG; `name`
/// stands for it in errors.
Tensor decode_image(const std::string& name, std::span<const std::uint8_t> bytes,
                    std::int64_t channels);

}  // namespace plastic::data
