#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "plastic/core/tensor.h"

namespace plastic::data {

/// The memory of a (channels, H, W) u8 image, which decoders fill row by row. It owns nothing, so
/// that a longjmp may pass it.
struct ImagePlanes {
  std::uint8_t* memory;
  std::int64_t channels;
  std::int64_t height;
  std::int64_t width;

  /// A row of red, green and blue samples. Colour becomes grey as (77 r + 150 g + 29 b) / 256.
  void put_row(std::int64_t y, const std::uint8_t* samples) const {
    std::uint8_t* out = memory + y * width;
    const std::int64_t plane = height * width;
    for (std::int64_t x = 0; x < width; ++x, samples += 3) {
      if (channels == 1) {
        out[x] = static_cast<std::uint8_t>(
            (77 * samples[0] + 150 * samples[1] + 29 * samples[2] + 128) >> 8);
      } else {
        for (std::int64_t c = 0; c < 3; ++c) out[c * plane + x] = samples[c];
      }
    }
  }
};

inline ImagePlanes planes_of(Tensor& image) {
  return {.memory = image.mutable_data<std::uint8_t>(),
          .channels = image.size(0),
          .height = image.size(1),
          .width = image.size(2)};
}

/// Before memory is taken for an image: throws Error for one without pixels, with more than 2^27, a
/// side above 32768, or more than `max_pixels_per_byte` pixels for each byte of its file.
void check_image_size(const std::string& name, std::int64_t height, std::int64_t width,
                      std::span<const std::uint8_t> file, std::int64_t max_pixels_per_byte);

}  // namespace plastic::data
