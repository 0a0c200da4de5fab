#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/cpu/conv/winograd_tiles.h"

// Tiles that are taken out of an image and computed as small images of their own.

namespace plastic::cpu {

/// Tiles with as many outputs inside the image each.
struct TileGroup {
  std::int64_t rows = 0, columns = 0;
  std::vector<TilePlace> tiles;

  /// The tiles in parts of bounded size.
  template <class F>
  void for_parts(F f) const {
    constexpr std::size_t most = 256;
    for (std::size_t first = 0; first < tiles.size(); first += most) {
      f(std::span(tiles).subspan(first, std::min(most, tiles.size() - first)));
    }
  }
};

/// The tiles whose flag is set, of outputs of `height` x `width`.
inline std::vector<TileGroup> groups_of(std::span<const std::uint8_t> flags, const TileGrid& grid,
                                        std::int64_t height, std::int64_t width, int outputs) {
  std::vector<TileGroup> groups;
  for (std::size_t t = 0; t < flags.size(); ++t) {
    if (flags[t] == 0) continue;
    const TilePlace place(grid, static_cast<std::int64_t>(t), outputs);
    const std::int64_t rows = std::min<std::int64_t>(outputs, height - place.row);
    const std::int64_t columns = std::min<std::int64_t>(outputs, width - place.column);
    auto group = std::find_if(groups.begin(), groups.end(), [&](const TileGroup& g) {
      return g.rows == rows && g.columns == columns;
    });
    if (group == groups.end()) group = groups.insert(group, {rows, columns, {}});
    group->tiles.push_back(place);
  }
  return groups;
}

/// Squares of rows x columns pixels that begin `padding` before each tile; zeros where they reach
/// beyond the image.
template <class S, class T>
void gather_squares(const S* images, const ImageSize& of, std::span<const TilePlace> tiles,
                    const std::int64_t (&padding)[2], std::int64_t rows, std::int64_t columns,
                    T* to) {
  for (const TilePlace& tile : tiles) {
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j, to += of.channels) {
        const std::int64_t row = tile.row - padding[0] + i, column = tile.column - padding[1] + j;
        if (row < 0 || row >= of.height || column < 0 || column >= of.width) {
          std::fill_n(to, of.channels, T{0});
        } else {
          const std::int64_t pixel = (tile.image * of.height + row) * of.width + column;
          std::copy_n(images + pixel * of.channels, of.channels, to);
        }
      }
    }
  }
}

/// Back to where the tiles stand, all inside the image.
template <class T, class S>
void scatter_squares(const T* from, std::span<const TilePlace> tiles, std::int64_t rows,
                     std::int64_t columns, const ImageSize& of, S* images) {
  for (const TilePlace& tile : tiles) {
    for (std::int64_t i = 0; i < rows; ++i, from += columns * of.channels) {
      const std::int64_t pixel = (tile.image * of.height + tile.row + i) * of.width + tile.column;
      std::transform(from, from + columns * of.channels, images + pixel * of.channels,
                     [](T x) { return static_cast<S>(x); });
    }
  }
}

}  // namespace plastic::cpu
