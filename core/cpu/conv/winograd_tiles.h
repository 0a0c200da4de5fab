#pragma once

#include <algorithm>
#include <cstdint>

#include "core/cpu/conv/winograd_largest.h"
#include "core/cpu/conv/winograd_rules.h"
#include "core/cpu/vector.h"

// Between images, channels-last, and the planes that Winograd's products work on: plane i holds
// element i of every transformed tile, a row of channels a tile. All transforms are vectors over
// channels.

namespace plastic::cpu {

struct ImageSize {
  std::int64_t height = 0, width = 0, channels = 0;
};

/// How an output of `height` x `width` is cut into tiles of outputs x outputs; those at the lower
/// and right edge may reach beyond it.
struct TileGrid {
  TileGrid(std::int64_t images, std::int64_t height, std::int64_t width, int outputs)
      : rows((height + outputs - 1) / outputs),
        columns((width + outputs - 1) / outputs),
        count(images * rows * columns) {}

  std::int64_t rows, columns, count;
};

/// The position of a tile.
struct TilePlace {
  TilePlace(const TileGrid& grid, std::int64_t tile, int outputs)
      : image(tile / (grid.rows * grid.columns)),
        row(tile / grid.columns % grid.rows * outputs),
        column(tile % grid.columns * outputs) {}

  std::int64_t image, row, column;
};

/// Strides of planes in memory: channel c of tile t is at plane · i + panel · (c / panel_width) +
/// row · t + c % panel_width.
struct PlaneLayout {
  std::int64_t plane = 0, panel = 0, row = 0, panel_width = 0;

  /// A row of channels a tile.
  static PlaneLayout rows(std::int64_t tiles, std::int64_t padded_channels) {
    return {tiles * padded_channels, padded_channels, padded_channels, padded_channels};
  }
  /// As products read their right side: panels of `width` channels.
  static PlaneLayout panels(std::int64_t tiles, std::int64_t padded_channels, std::int64_t width) {
    return {tiles * padded_channels, tiles * width, width, width};
  }
  std::int64_t at(std::int64_t tile, std::int64_t channel) const {
    return panel * (channel / panel_width) + row * tile + channel % panel_width;
  }
};

/// The first `count` numbers, and zeros.
template <class T>
Vector<T> load_some(const T* from, std::int64_t count) {
  if (count >= vector_width<T>) return load(from);
  T values[vector_width<T>] = {};
  std::copy_n(from, count, values);
  return load(values);
}

template <class T>
void store_some(T* to, Vector<T> x, std::int64_t count) {
  if (count >= vector_width<T>) return store(to, x);
  T values[vector_width<T>];
  store(values, x);
  std::copy_n(values, count, to);
}

/// A square of pixels' vectors from channel `c` on; zeros where it reaches beyond the image.
template <class T, int size>
void load_square(const T* image, const ImageSize& of, std::int64_t row, std::int64_t column,
                 std::int64_t c, Vector<T> (&square)[size][size]) {
  const std::int64_t count = of.channels - c;
  for (int i = 0; i < size; ++i) {
    const bool row_inside = row + i >= 0 && row + i < of.height;
    const T* line = image + ((row + i) * of.width + column) * of.channels + c;
    for (int j = 0; j < size; ++j) {
      const bool inside = row_inside && column + j >= 0 && column + j < of.width;
      square[i][j] = inside ? load_some(line + j * of.channels, count) : Vector<T>{};
    }
  }
}

template <class T, int size>
void store_planes(const Vector<T> (&square)[size][size], std::int64_t plane, T* to) {
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j < size; ++j) store(to + (i * size + j) * plane, square[i][j]);
  }
}

template <class T, int size>
void load_planes(const T* from, std::int64_t plane, Vector<T> (&square)[size][size]) {
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j < size; ++j) square[i][j] = load(from + (i * size + j) * plane);
  }
}

/// Tiles [first, last) of images, transformed, into planes that begin with tile `first`. Calls
/// seen(its number, its place, its LargestTransformed) for each tile.
template <class T, int m, class Seen>
void transform_inputs(const T* images, const ImageSize& of, const std::int64_t (&padding)[2],
                      const TileGrid& grid, std::int64_t first, std::int64_t last,
                      const PlaneLayout& layout, T* planes, Seen seen) {
  using W = Winograd<m>;
  for (std::int64_t t = first; t < last; ++t) {
    const TilePlace place(grid, t, m);
    const T* image = images + place.image * of.height * of.width * of.channels;
    LargestTransformed<T> largest;
    for (std::int64_t c = 0; c < of.channels; c += vector_width<T>) {
      Vector<T> pixels[W::tile][W::tile];
      Vector<T> tile[W::tile][W::tile];
      load_square<T>(image, of, place.row - padding[0], place.column - padding[1], c, pixels);
      along_both_axes(pixels, tile, [](const auto& d, auto& v) { W::input(d, v); });
      largest.add(tile);
      store_planes<T>(tile, layout.plane, planes + layout.at(t - first, c));
    }
    seen(t, place, largest);
  }
}

/// The same for gradients of outputs, taken to gradients of products.
template <class T, int m, class Seen>
void transform_output_gradients(const T* gradients, const ImageSize& of, const TileGrid& grid,
                                std::int64_t first, std::int64_t last, const PlaneLayout& layout,
                                T* planes, Seen seen) {
  using W = Winograd<m>;
  for (std::int64_t t = first; t < last; ++t) {
    const TilePlace place(grid, t, m);
    const T* image = gradients + place.image * of.height * of.width * of.channels;
    LargestTransformed<T> largest;
    for (std::int64_t c = 0; c < of.channels; c += vector_width<T>) {
      Vector<T> pixels[m][m];
      Vector<T> tile[W::tile][W::tile];
      load_square<T>(image, of, place.row, place.column, c, pixels);
      along_both_axes(pixels, tile, [](const auto& y, auto& p) { W::output_adjoint(y, p); });
      largest.add(tile);
      store_planes<T>(tile, layout.plane, planes + layout.at(t - first, c));
    }
    seen(t, place, largest);
  }
}

/// Makes tile `tile` of all planes zero, which leaves it out of sums over tiles.
template <class T, int m>
void clear_tile(const PlaneLayout& layout, std::int64_t tile, std::int64_t channels, T* planes) {
  for (int i = 0; i < Winograd<m>::tile * Winograd<m>::tile; ++i) {
    for (std::int64_t c = 0; c < channels; c += vector_width<T>) {
      store(planes + i * layout.plane + layout.at(tile, c), Vector<T>{});
    }
  }
}

/// What follows the sums.
template <class T>
struct Finish {
  /// Or null.
  const T* bias = nullptr;
  bool relu = false;
};

/// Products of tiles [first, last), in planes that begin with tile `first`, to outputs.
template <class T, int m>
void transform_outputs(const T* planes, const PlaneLayout& layout, const ImageSize& of,
                       const TileGrid& grid, std::int64_t first, std::int64_t last,
                       const Finish<T>& finish, T* outputs) {
  using W = Winograd<m>;
  for (std::int64_t t = first; t < last; ++t) {
    const TilePlace place(grid, t, m);
    T* image = outputs + place.image * of.height * of.width * of.channels;
    const std::int64_t rows = std::min<std::int64_t>(m, of.height - place.row);
    const std::int64_t columns = std::min<std::int64_t>(m, of.width - place.column);
    for (std::int64_t c = 0; c < of.channels; c += vector_width<T>) {
      const std::int64_t count = of.channels - c;
      Vector<T> products[W::tile][W::tile];
      Vector<T> pixels[m][m];
      load_planes<T>(planes + layout.at(t - first, c), layout.plane, products);
      along_both_axes(products, pixels, [](const auto& p, auto& y) { W::output(p, y); });
      const Vector<T> bias =
          finish.bias == nullptr ? Vector<T>{} : load_some(finish.bias + c, count);
      for (std::int64_t i = 0; i < rows; ++i) {
        T* line = image + ((place.row + i) * of.width + place.column) * of.channels + c;
        for (std::int64_t j = 0; j < columns; ++j) {
          Vector<T> y = pixels[i][j] + bias;
          if (finish.relu) y = y < 0 ? Vector<T>{} : y;
          store_some(line + j * of.channels, y, count);
        }
      }
    }
  }
}

}  // namespace plastic::cpu
