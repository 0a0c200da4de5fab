#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "plastic/core/tensor.h"

namespace plastic::apps {

struct Colour {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;

  bool operator==(const Colour&) const = default;
};

/// A picture that is drawn upon. What lies outside is left away.
class Canvas {
 public:
  /// Throws Error for a size below 1 or more than 2^28 pixels.
  Canvas(std::int64_t width, std::int64_t height, Colour background);

  std::int64_t width() const { return width_; }
  std::int64_t height() const { return height_; }
  /// Rows of red, green and blue.
  const std::vector<std::uint8_t>& samples() const { return samples_; }
  Colour at(std::int64_t x, std::int64_t y) const;

  void set(std::int64_t x, std::int64_t y, Colour colour);
  void fill(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height, Colour colour);
  /// A (C, H, W) u8 image of 1 or 3 channels, each of its pixels a square of side `factor`.
  void draw_image(std::int64_t x, std::int64_t y, const Tensor& image, std::int64_t factor);
  /// A line of text in the bitmap font, each of its pixels a square of side `factor`.
  void draw_text(std::int64_t x, std::int64_t y, std::string_view text, std::int64_t factor,
                 Colour colour);

 private:
  std::int64_t width_;
  std::int64_t height_;
  std::vector<std::uint8_t> samples_;
};

/// How wide draw_text() draws it.
std::int64_t text_width(std::string_view text, std::int64_t factor);

}  // namespace plastic::apps
