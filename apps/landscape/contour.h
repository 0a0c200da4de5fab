#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "apps/landscape/test_function.h"
#include "apps/landscape/trajectory.h"

namespace plastic::apps {

/// Values on a grid of points evenly spaced over a region, borders included; row by row from the
/// bottom.
struct Grid {
  Region region = {};
  std::size_t columns = 0;
  std::size_t rows = 0;
  std::vector<double> values = {};

  double x(std::size_t column) const;
  double y(std::size_t row) const;
  double at(std::size_t column, std::size_t row) const { return values[row * columns + column]; }
};

/// `value(x, y)` on a grid. What is not finite becomes the largest of the finite values. Throws
/// Error where none is finite.
Grid sample(const Region& region, std::size_t columns, std::size_t rows,
            const std::function<double(double x, double y)>& value);

/// `count` values at which to draw contours, rounded to two digits and rising: close together
/// where the values are low, so that half of them are below the median of the grid.
std::vector<double> contour_levels(const Grid& grid, int count);

/// The outlines, each closed, of where the grid is at least `level`, along its border, too; points
/// between those of the grid are interpolated (marching squares).
std::vector<std::vector<Point>> outlines(const Grid& grid, double level);

}  // namespace plastic::apps
