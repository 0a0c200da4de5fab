#include "apps/landscape/contour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <unordered_map>

#include "apps/cli/values.h"
#include "core/check.h"

namespace plastic::apps {
namespace {

constexpr double lowest = -std::numeric_limits<double>::infinity();

/// The grid with a ring around it, at the same places as its border, where it is lower than
/// everything: outlines close along the border.
class Ringed {
 public:
  explicit Ringed(const Grid& grid) : grid_(grid) {}

  std::size_t columns() const { return grid_.columns + 2; }
  std::size_t rows() const { return grid_.rows + 2; }

  double at(std::size_t column, std::size_t row) const {
    const bool is_ring = column == 0 || row == 0 || column > grid_.columns || row > grid_.rows;
    return is_ring ? lowest : grid_.at(column - 1, row - 1);
  }

  Point place(std::size_t column, std::size_t row) const {
    return {grid_.x(std::clamp<std::size_t>(column, 1, grid_.columns) - 1),
            grid_.y(std::clamp<std::size_t>(row, 1, grid_.rows) - 1)};
  }

 private:
  const Grid& grid_;
};

/// Where one edge of a cell crosses the level. The edge from a point to the right has an even
/// number, that to the top an odd one.
class Crossings {
 public:
  Crossings(const Ringed& grid, double level) : grid_(grid), level_(level) {}

  std::uint64_t to_right(std::size_t column, std::size_t row) const {
    return 2 * (row * grid_.columns() + column);
  }
  std::uint64_t to_top(std::size_t column, std::size_t row) const {
    return to_right(column, row) + 1;
  }

  Point place(std::uint64_t edge) const {
    const std::size_t column = edge / 2 % grid_.columns();
    const std::size_t row = edge / 2 / grid_.columns();
    const std::size_t other_column = edge % 2 == 0 ? column + 1 : column;
    const std::size_t other_row = edge % 2 == 0 ? row : row + 1;
    const double a = grid_.at(column, row);
    const double b = grid_.at(other_column, other_row);
    const double share = std::isinf(a) || std::isinf(b) ? 0.5 : (level_ - a) / (b - a);
    const Point p = grid_.place(column, row);
    const Point q = grid_.place(other_column, other_row);
    return {p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])};
  }

 private:
  const Ringed& grid_;
  double level_;
};

}  // namespace

double Grid::x(std::size_t column) const {
  return region.left + (region.right - region.left) * static_cast<double>(column) /
                           static_cast<double>(columns - 1);
}

double Grid::y(std::size_t row) const {
  return region.bottom +
         (region.top - region.bottom) * static_cast<double>(row) / static_cast<double>(rows - 1);
}

Grid sample(const Region& region, std::size_t columns, std::size_t rows,
            const std::function<double(double, double)>& value) {
  Grid grid{.region = region, .columns = columns, .rows = rows};
  double largest = lowest;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      grid.values.push_back(value(grid.x(column), grid.y(row)));
      if (std::isfinite(grid.values.back())) largest = std::max(largest, grid.values.back());
    }
  }
  if (largest == lowest) fail("landscape", "no value in the picture is finite");
  for (double& one : grid.values) {
    if (!std::isfinite(one)) one = largest;
  }
  return grid;
}

std::vector<double> contour_levels(const Grid& grid, int count) {
  std::vector<double> sorted = grid.values;
  std::ranges::sort(sorted);
  const double low = sorted.front();
  const double range = sorted.back() - low;
  std::vector<double> levels;
  if (range <= 0.0) return levels;
  const double median = (sorted[sorted.size() / 2] - low) / range;
  const double power =
      std::clamp(std::log(std::clamp(median, 1e-9, 0.999)) / std::log(0.5), 0.7, 6.0);
  for (int i = 1; i <= count; ++i) {
    const double level = low + range * std::pow(i / (count + 1.0), power);
    const double digit = std::pow(10.0, std::floor(std::log10(std::max(level - low, 1e-300))) - 1);
    const double rounded = std::round(level / digit) * digit;
    if (rounded > low && (levels.empty() || rounded > levels.back())) levels.push_back(rounded);
  }
  return levels;
}

std::vector<std::vector<Point>> outlines(const Grid& grid, double level) {
  const Ringed ringed(grid);
  const Crossings crossings(ringed, level);
  // From edge to edge, with what is at least as high on the left.
  std::unordered_map<std::uint64_t, std::uint64_t> next;
  std::vector<std::uint64_t> order;
  const auto connect = [&](std::uint64_t from, std::uint64_t to) {
    next.emplace(from, to);
    order.push_back(from);
  };
  for (std::size_t row = 0; row + 1 < ringed.rows(); ++row) {
    for (std::size_t column = 0; column + 1 < ringed.columns(); ++column) {
      // The corners, counterclockwise from the lower left, and the edge after each.
      const std::array corners = {ringed.at(column, row), ringed.at(column + 1, row),
                                  ringed.at(column + 1, row + 1), ringed.at(column, row + 1)};
      const std::array edges = {crossings.to_right(column, row), crossings.to_top(column + 1, row),
                                crossings.to_right(column, row + 1), crossings.to_top(column, row)};
      std::array<bool, 4> high = {};
      std::ranges::transform(corners, high.begin(), [level](double v) { return v >= level; });
      // An outline leaves the cell where going round leads from high to low, and enters it where
      // from low to high: each entry is joined to the exit before it, which cuts off low corners
      // by themselves; two high corners across the cell stay apart unless its middle is high.
      const bool is_saddle = high[0] == high[2] && high[1] == high[3] && high[0] != high[1];
      const double middle = (corners[0] + corners[1] + corners[2] + corners[3]) / 4.0;
      for (std::size_t entry = 0; entry < 4; ++entry) {
        if (high[entry] || !high[(entry + 1) % 4]) continue;
        // Along the high corners to where they end, or back along the low ones.
        std::size_t exit = (entry + 1) % 4;
        if (is_saddle && middle >= level) {
          exit = (entry + 3) % 4;
        } else {
          while (high[(exit + 1) % 4]) exit = (exit + 1) % 4;
        }
        connect(edges[exit], edges[entry]);
      }
    }
  }
  std::vector<std::vector<Point>> found;
  for (const std::uint64_t first : order) {
    if (!next.contains(first)) continue;
    std::vector<Point> outline;
    for (std::uint64_t edge = first; next.contains(edge);) {
      outline.push_back(crossings.place(edge));
      const std::uint64_t following = next.at(edge);
      next.erase(edge);
      edge = following;
    }
    found.push_back(std::move(outline));
  }
  return found;
}

}  // namespace plastic::apps
