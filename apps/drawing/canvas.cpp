#include "apps/drawing/canvas.h"

#include <algorithm>

#include "apps/drawing/bitmap_font.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

constexpr std::int64_t max_pixels = std::int64_t{1} << 28;
constexpr std::int64_t max_side = std::int64_t{1} << 20;
constexpr std::int64_t glyph_step = glyph_width + 1;

}  // namespace

Canvas::Canvas(std::int64_t width, std::int64_t height, Colour background)
    : width_(width), height_(height) {
  if (width < 1 || height < 1 || width > max_side || height > max_side ||
      width * height > max_pixels) {
    fail("drawing", "a picture of ", width, "x", height, " pixels; it may have 1 to ", max_pixels,
         "; show fewer or smaller images");
  }
  samples_.resize(static_cast<std::size_t>(3 * width * height));
  fill(0, 0, width, height, background);
}

Colour Canvas::at(std::int64_t x, std::int64_t y) const {
  const std::uint8_t* pixel = samples_.data() + 3 * (y * width_ + x);
  return {pixel[0], pixel[1], pixel[2]};
}

void Canvas::set(std::int64_t x, std::int64_t y, Colour colour) {
  if (x < 0 || x >= width_ || y < 0 || y >= height_) return;
  std::uint8_t* pixel = samples_.data() + 3 * (y * width_ + x);
  pixel[0] = colour.red;
  pixel[1] = colour.green;
  pixel[2] = colour.blue;
}

void Canvas::fill(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height,
                  Colour colour) {
  for (std::int64_t row = y; row < y + height; ++row) {
    for (std::int64_t column = x; column < x + width; ++column) set(column, row, colour);
  }
}

void Canvas::draw_image(std::int64_t x, std::int64_t y, const Tensor& image, std::int64_t factor) {
  const Tensor planes = image.contiguous();
  const std::int64_t channels = planes.size(0);
  const std::int64_t rows = planes.size(1);
  const std::int64_t columns = planes.size(2);
  const auto* values = planes.data<std::uint8_t>();
  const std::int64_t step = channels == 3 ? rows * columns : 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      const std::uint8_t* pixel = values + row * columns + column;
      fill(x + column * factor, y + row * factor, factor, factor,
           {pixel[0], pixel[step], pixel[2 * step]});
    }
  }
}

void Canvas::draw_text(std::int64_t x, std::int64_t y, std::string_view text, std::int64_t factor,
                       Colour colour) {
  for (const char c : text) {
    for (int row = 0; row < glyph_height; ++row) {
      for (int column = 0; column < glyph_width; ++column) {
        if (!is_ink(c, column, row)) continue;
        fill(x + column * factor, y + row * factor, factor, factor, colour);
      }
    }
    x += glyph_step * factor;
  }
}

std::int64_t text_width(std::string_view text, std::int64_t factor) {
  return text.empty() ? 0 : (std::ssize(text) * glyph_step - 1) * factor;
}

}  // namespace plastic::apps
