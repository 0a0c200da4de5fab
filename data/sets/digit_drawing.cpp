#include "data/sets/digit_drawing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "data/loading/draws.h"
#include "data/sets/digit_glyphs.h"

namespace plastic::data {
namespace {

constexpr int side = digit_side;
constexpr float unreached = 1e9F;

/// Squared distance of every pixel's centre to the nearest stroke, as far as `reach` pixels.
class DistanceMap {
 public:
  explicit DistanceMap(float reach) : reach_(reach) { squared_.fill(unreached); }

  void add_segment(Point a, Point b) {
    const float dx = b.x - a.x;
    const float dy = b.y - a.y;
    const float length_squared = std::max(dx * dx + dy * dy, 1e-12F);
    const std::ptrdiff_t left = pixel(std::min(a.x, b.x) - reach_);
    const std::ptrdiff_t right = pixel(std::max(a.x, b.x) + reach_ + 1.0F);
    const std::ptrdiff_t top = pixel(std::min(a.y, b.y) - reach_);
    const std::ptrdiff_t bottom = pixel(std::max(a.y, b.y) + reach_ + 1.0F);
    for (std::ptrdiff_t row = top; row < bottom; ++row) {
      for (std::ptrdiff_t column = left; column < right; ++column) {
        const float px = static_cast<float>(column) + 0.5F - a.x;
        const float py = static_cast<float>(row) + 0.5F - a.y;
        const float along = std::clamp((px * dx + py * dy) / length_squared, 0.0F, 1.0F);
        const float ex = px - along * dx;
        const float ey = py - along * dy;
        float& best = squared_[static_cast<std::size_t>(row * side + column)];
        best = std::min(best, ex * ex + ey * ey);
      }
    }
  }

  /// A Catmull-Rom spline through `points`; closed when `closed`, the first point then being the
  /// last one too.
  void add_curve(const std::vector<Point>& points, bool closed) {
    const int count = static_cast<int>(points.size());
    const auto at = [&](int i) {
      if (closed && i < 0) i = count - 2;
      if (closed && i >= count) i = 1;
      return points[static_cast<std::size_t>(std::clamp(i, 0, count - 1))];
    };
    for (int i = 0; i + 1 < count; ++i) {
      Point from = at(i);
      for (int piece = 1; piece <= pieces; ++piece) {
        const float t = static_cast<float>(piece) / static_cast<float>(pieces);
        const Point to = {spline(at(i - 1).x, at(i).x, at(i + 1).x, at(i + 2).x, t),
                          spline(at(i - 1).y, at(i).y, at(i + 1).y, at(i + 2).y, t)};
        add_segment(from, to);
        from = to;
      }
    }
  }

  /// How much of pixel `i` a stroke of half-width `radius` covers.
  float coverage(std::size_t i, float radius) const {
    return std::clamp(radius + 0.5F - std::sqrt(squared_[i]), 0.0F, 1.0F);
  }

 private:
  static constexpr int pieces = 5;

  static std::ptrdiff_t pixel(float position) {
    return static_cast<std::ptrdiff_t>(std::clamp(position, 0.0F, static_cast<float>(side)));
  }

  static float spline(float before, float a, float b, float after, float t) {
    const float cubic = 3.0F * (a - b) + after - before;
    const float square = 2.0F * before - 5.0F * a + 4.0F * b - after;
    return a + 0.5F * t * ((b - before) + t * (square + t * cubic));
  }

  float reach_;
  std::array<float, std::size_t{side} * side> squared_;
};

/// From the unit square of a glyph onto the page: scaled, slanted, turned and shifted.
struct Placement {
  float width;
  float height;
  float slant;
  float cosine;
  float sine;
  Point centre;

  explicit Placement(Draws& draws) {
    height = draws.uniform(15.0F, 21.0F);
    width = height * draws.uniform(0.55F, 0.85F);
    slant = draws.uniform(-0.20F, 0.40F);
    // The turn by an angle whose tangent is drawn, without a trigonometric function.
    const float tangent = draws.uniform(-0.15F, 0.15F);
    cosine = 1.0F / std::sqrt(1.0F + tangent * tangent);
    sine = tangent * cosine;
    const float middle = 0.5F * static_cast<float>(side);
    centre.x = middle + draws.uniform(-2.0F, 2.0F);
    centre.y = middle + draws.uniform(-2.0F, 2.0F);
  }

  Point operator()(Point p) const {
    const float y = (p.y - 0.5F) * height;
    const float x = (p.x - 0.5F) * width - slant * y;
    return {centre.x + cosine * x - sine * y, centre.y + sine * x + cosine * y};
  }
};

DistanceMap draw_strokes(const Glyph& glyph, float reach, Draws& draws) {
  const Placement place(draws);
  constexpr float jitter = 0.05F;
  std::vector<Point> points;
  points.reserve(glyph.points.size());
  for (const Point& point : glyph.points) {
    const Point moved = {point.x + jitter * draws.normal(), point.y + jitter * draws.normal()};
    points.push_back(place(moved));
  }
  DistanceMap map(reach);
  for (const std::vector<int>& stroke : glyph.strokes) {
    std::vector<Point> curve;
    curve.reserve(stroke.size());
    for (const int index : stroke) curve.push_back(points[static_cast<std::size_t>(index)]);
    map.add_curve(curve, stroke.front() == stroke.back());
  }
  return map;
}

/// Short strokes anywhere on the page that belong to no digit.
DistanceMap draw_clutter(float reach, Draws& draws) {
  DistanceMap map(reach);
  const int strokes = draws.below(4);
  for (int i = 0; i < strokes; ++i) {
    Point point = {draws.uniform(0, side), draws.uniform(0, side)};
    std::vector<Point> curve = {point};
    for (int step = 0; step < 2; ++step) {
      point = {point.x + draws.uniform(-4, 4), point.y + draws.uniform(-4, 4)};
      curve.push_back(point);
    }
    map.add_curve(curve, false);
  }
  return map;
}

}  // namespace

void draw_digit(int digit, std::uint64_t seed, std::uint64_t stream,
                std::span<std::uint8_t> pixels) {
  Draws draws(seed, stream);
  const std::span<const Glyph> ways = glyphs_of(digit);
  const Glyph& glyph = ways[static_cast<std::size_t>(draws.below(static_cast<int>(ways.size())))];
  const float radius = draws.uniform(0.7F, 1.7F);
  const float clutter_radius = draws.uniform(0.4F, 0.9F);
  const DistanceMap strokes = draw_strokes(glyph, radius + 0.5F, draws);
  const DistanceMap clutter = draw_clutter(clutter_radius + 0.5F, draws);
  const float paper = draws.uniform(0.0F, 0.15F);
  const float ink = draws.uniform(0.6F, 1.0F);
  const float clutter_ink = draws.uniform(0.3F, 0.8F) * ink;
  const float noise = draws.uniform(0.02F, 0.10F);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const float drawn = std::max(ink * strokes.coverage(i, radius),
                                 clutter_ink * clutter.coverage(i, clutter_radius));
    const float value = paper + (1.0F - paper) * drawn + noise * draws.normal();
    pixels[i] = static_cast<std::uint8_t>(std::lround(255.0F * std::clamp(value, 0.0F, 1.0F)));
  }
}

}  // namespace plastic::data
