#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "plastic/core/tensor.h"

namespace plastic::data {

/// Decodes a PNG file, but for its checksums, which are check_png_checksums()'s. Samples are taken
/// as they are stored, whatever the file says of gamma, profiles or transparency; of 16 bits the
/// upper
/// 8. `name` stands for the file in errors.
Tensor decode_png(const std::string& name, std::span<const std::uint8_t> file,
                  std::int64_t channels);

}  // namespace plastic::data
