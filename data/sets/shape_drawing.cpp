#include "data/sets/shape_drawing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "data/loading/draws.h"

namespace plastic::data {
namespace {

constexpr int side = shape_image_side;
constexpr std::size_t plane = std::size_t{side} * side;

struct Vector {
  float x;
  float y;
};

constexpr Vector page_centre = {0.5F * side, 0.5F * side};

using Colour = std::array<float, 3>;

float length(Vector v) { return std::sqrt(v.x * v.x + v.y * v.y); }

/// A direction, all equally likely.
Vector draw_direction(Draws& draws) {
  for (;;) {
    const Vector v = {draws.uniform(-1, 1), draws.uniform(-1, 1)};
    const float norm = length(v);
    if (norm > 0.1F && norm < 1.0F) return {v.x / norm, v.y / norm};
  }
}

/// Coordinates along `axis` and across it.
Vector turned(Vector p, Vector axis) {
  return {p.x * axis.x + p.y * axis.y, p.y * axis.x - p.x * axis.y};
}

Colour draw_colour(Draws& draws, float low = 0.0F, float high = 1.0F) {
  return {draws.uniform(low, high), draws.uniform(low, high), draws.uniform(low, high)};
}

/// A page of middling colour, and the dark and the light one of a figure: whatever their hues, the
/// texture stands out, and on the mean a figure is no lighter than the page.
struct Palette {
  Colour page;
  Colour dark;
  Colour light;

  explicit Palette(Draws& draws)
      : page(draw_colour(draws, 0.25F, 0.75F)),
        dark(draw_colour(draws, 0.0F, 0.4F)),
        light(draw_colour(draws, 0.6F, 1.0F)) {}
};

/// Distance to the border of a box around the origin, negative inside; exact up to the corners.
float box(Vector p, float half_width, float half_height) {
  return std::max(std::abs(p.x) - half_width, std::abs(p.y) - half_height);
}

/// Distance to the border of a figure of radius about 1, likewise. All have about the same area.
float distance(Figure figure, Vector p) {
  switch (figure) {
    case Figure::disc:
      return length(p) - 1.0F;
    case Figure::square:
      return box(p, 0.85F, 0.85F);
    case Figure::triangle: {
      constexpr float half_root3 = 0.8660254F;
      const float slanted = half_root3 * std::abs(p.x) - 0.5F * p.y;
      return std::max(p.y, slanted) - 0.675F;
    }
    case Figure::cross:
      return std::min(box(p, 1.05F, 0.36F), box(p, 0.36F, 1.05F));
    case Figure::ring:
      return std::abs(length(p) - 0.82F) - 0.28F;
  }
  return 0.0F;
}

/// 1 in the middle of one stripe, -1 in the middle of the next, with a transition of one pixel
/// between. `half_period` is the width of a stripe in pixels.
float stripe(float position, float half_period) {
  const float cycles = position / (2.0F * half_period);
  const float within = cycles - std::floor(cycles);
  const float triangle = 4.0F * std::abs(within - 0.5F) - 1.0F;
  return std::clamp(triangle * half_period, -1.0F, 1.0F);
}

/// A short stroke or a small disc of a colour.
struct Clutter {
  Vector from;
  Vector along;
  float reach;
  float radius;
  Colour colour;

  explicit Clutter(Draws& draws)
      : from{draws.uniform(0, side), draws.uniform(0, side)},
        along(draw_direction(draws)),
        reach(draws.below(2) == 0 ? 0.0F : draws.uniform(3.0F, 12.0F)),
        radius(reach == 0.0F ? draws.uniform(1.0F, 2.5F) : draws.uniform(0.5F, 1.2F)),
        colour(draw_colour(draws)) {}

  float distance(Vector p) const {
    const Vector local = turned({p.x - from.x, p.y - from.y}, along);
    return length({local.x - std::clamp(local.x, 0.0F, reach), local.y}) - radius;
  }
};

/// The share of a pixel at this distance from a border that is inside.
float coverage(float distance) { return std::clamp(0.5F - distance, 0.0F, 1.0F); }

void blend(Colour& under, const Colour& over, float share) {
  for (std::size_t c = 0; c < 3; ++c) under[c] += share * (over[c] - under[c]);
}

class Page {
 public:
  explicit Page(const Colour& colour) { pixels_.fill(colour); }

  /// Calls ink(centre, colour) for the pixels that are at most `reach` from `middle` along x and y.
  template <class Ink>
  void paint(Vector middle, float reach, const Ink& ink) {
    const auto pixel = [](float at) { return static_cast<int>(std::clamp(at, 0.0F, float{side})); };
    const int right = pixel(middle.x + reach + 1.0F);
    const int bottom = pixel(middle.y + reach + 1.0F);
    for (int row = pixel(middle.y - reach); row < bottom; ++row) {
      for (int column = pixel(middle.x - reach); column < right; ++column) {
        const Vector centre = {static_cast<float>(column) + 0.5F, static_cast<float>(row) + 0.5F};
        ink(centre,
            pixels_[static_cast<std::size_t>(row) * side + static_cast<std::size_t>(column)]);
      }
    }
  }

  void write(float noise, Draws& draws, std::span<std::uint8_t> out) const {
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t p = 0; p < plane; ++p) {
        const float value = std::clamp(pixels_[p][c] + noise * draws.normal(), 0.0F, 1.0F);
        out[c * plane + p] = static_cast<std::uint8_t>(std::lround(255.0F * value));
      }
    }
  }

 private:
  std::array<Colour, plane> pixels_;
};

}  // namespace

void draw_shape(Figure figure, Texture texture, std::uint64_t seed, std::uint64_t stream,
                std::span<std::uint8_t> pixels) {
  Draws draws(seed, stream);
  const Palette palette(draws);
  Page page(palette.page);

  // Light from one side.
  const Vector light = draw_direction(draws);
  const float slope = draws.uniform(0.0F, 0.3F) / static_cast<float>(side);
  page.paint(page_centre, page_centre.x, [&](Vector p, Colour& pixel) {
    const float towards = turned({p.x - page_centre.x, p.y - page_centre.y}, light).x;
    for (float& value : pixel) value += slope * towards;
  });

  const int pieces = 2 + draws.below(4);
  for (int i = 0; i < pieces; ++i) {
    const Clutter clutter(draws);
    page.paint(clutter.from, clutter.reach + clutter.radius + 1.0F, [&](Vector p, Colour& pixel) {
      blend(pixel, clutter.colour, coverage(clutter.distance(p)));
    });
  }

  const Vector centre = {draws.uniform(11, 21), draws.uniform(11, 21)};
  const float radius = draws.uniform(7.0F, 10.5F);
  const Vector axis = draw_direction(draws);
  const Vector grain = draw_direction(draws);
  const Vector shift = {draws.uniform(0, 8), draws.uniform(0, 8)};
  const float half_period = draws.uniform(2.0F, 3.0F);
  // The triangle's corners are the farthest, at 1.35.
  page.paint(centre, 1.4F * radius + 1.0F, [&](Vector p, Colour& pixel) {
    const Vector local = {p.x - centre.x, p.y - centre.y};
    const Vector scaled = {turned(local, axis).x / radius, turned(local, axis).y / radius};
    const float inside = coverage(radius * distance(figure, scaled));
    if (inside == 0.0F) return;
    const Vector woven = turned(local, grain);
    float weave = stripe(woven.x + shift.x, half_period);
    if (texture == Texture::checks) weave *= stripe(woven.y + shift.y, half_period);
    Colour colour = palette.dark;
    blend(colour, palette.light, 0.5F + 0.5F * weave);
    blend(pixel, colour, inside);
  });

  page.write(draws.uniform(0.02F, 0.06F), draws, pixels);
}

}  // namespace plastic::data
