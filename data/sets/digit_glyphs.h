#pragma once

#include <span>
#include <vector>

namespace plastic::data {

/// A place on the page: x to the right, y downwards.
struct Point {
  float x;
  float y;
};

/// One way to write a digit, in the unit square. A stroke lists the points that a smooth curve
/// passes through, by index; a stroke that ends where it began is a closed loop. Strokes that share
/// a point stay joined when the points are moved.
struct Glyph {
  int digit;
  std::vector<Point> points;
  std::vector<std::vector<int>> strokes;
};

/// The ways to write `digit` (0 to 9), at least one.
std::span<const Glyph> glyphs_of(int digit);

}  // namespace plastic::data
