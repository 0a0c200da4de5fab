#pragma once

#include <algorithm>
#include <cstdint>

#include "core/cpu/conv/winograd_largest.h"
#include "core/cpu/conv/winograd_rules.h"
#include "core/cpu/scratch.h"
#include "core/cpu/stored_vector.h"
#include "core/cpu/vector.h"

// Between images, channels-last, and the planes that Winograd's products work on: plane i holds
// element i of every transformed tile, a row of channels a tile. All transforms are vectors over
// channels. Images are stored as S, which may be bf16, and planes are of T, which they are computed
// in.

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

/// The distance of planes of so many numbers, such that a transform's vectors, one in each plane,
/// do not fall into the same few sets of a cache.
template <class T>
constexpr std::int64_t plane_distance(std::int64_t numbers) {
  return numbers + vector_width<T>;
}

/// Strides of planes in memory: channel c of tile t is at plane · i + panel · (c / panel_width) +
/// row · t + c % panel_width.
struct PlaneLayout {
  std::int64_t plane = 0, panel = 0, row = 0, panel_width = 0;

  /// A row of channels a tile.
  static PlaneLayout rows(std::int64_t plane, std::int64_t padded_channels) {
    return {plane, padded_channels, padded_channels, padded_channels};
  }
  /// As products read their right side: panels of `width` channels.
  static PlaneLayout panels(std::int64_t plane, std::int64_t tiles, std::int64_t width) {
    return {plane, tiles * width, width, width};
  }
  std::int64_t at(std::int64_t tile, std::int64_t channel) const {
    return panel * (channel / panel_width) + row * tile + channel % panel_width;
  }
};

/// Where the pixels of a square of an image lie; those beyond the image are zeros.
template <class S, int size>
class Square {
 public:
  /// `zeros` are as many as an image has channels.
  Square(const S* image, const ImageSize& of, std::int64_t row, std::int64_t column,
         const S* zeros) {
    for (int i = 0; i < size; ++i) {
      const bool row_inside = row + i >= 0 && row + i < of.height;
      for (int j = 0; j < size; ++j) {
        const bool inside = row_inside && column + j >= 0 && column + j < of.width;
        pixels_[i][j] = inside ? image + ((row + i) * of.width + column + j) * of.channels : zeros;
      }
    }
  }

  /// `count` channels of a pixel from channel `c` on.
  template <bool whole>
  Vector<Computed<S>> load(int i, int j, std::int64_t c, std::int64_t count) const {
    return whole ? load_stored(pixels_[i][j] + c) : load_some(pixels_[i][j] + c, count);
  }

 private:
  const S* pixels_[size][size];
};

/// Transforms `count` channels of a square, from channel `c` on, by rule(in, out) along both axes,
/// into one vector of each plane. Both axes at once, so that nothing but what lies between them
/// leaves the registers.
template <bool whole, int to, class S, class T, int from, class Rule>
void transform_square(const Square<S, from>& square, std::int64_t c, std::int64_t count,
                      Rule&& rule, LargestTransformed<T>& largest, std::int64_t plane, T* planes) {
  Vector<T> half[to][from];
  for (int j = 0; j < from; ++j) {
    Vector<T> in[from];
    Vector<T> out[to];
    for (int i = 0; i < from; ++i) in[i] = square.template load<whole>(i, j, c, count);
    rule(in, out);
    for (int i = 0; i < to; ++i) half[i][j] = out[i];
  }
#pragma GCC unroll 8
  for (int i = 0; i < to; ++i) {
    Vector<T> out[to];
    rule(half[i], out);
    largest.add_row(i, out);
    for (int j = 0; j < to; ++j) store(planes + (i * to + j) * plane, out[j]);
  }
}

/// Tiles [first, last) of images, of `from`² pixels each that begin `padding` before the tile's
/// outputs, transformed by the rule into planes that begin with tile `first`. Calls seen(its
/// number, its place, its LargestTransformed) for each tile.
template <int m, int from, class S, class T, class Rule, class Seen>
void transform_tiles(const S* images, const ImageSize& of, const std::int64_t (&padding)[2],
                     const TileGrid& grid, std::int64_t first, std::int64_t last,
                     const PlaneLayout& layout, T* planes, Rule&& rule, Seen&& seen) {
  constexpr int to = Winograd<m>::tile;
  const Scratch<S> zeros(of.channels);
  std::fill_n(zeros.data(), of.channels, S{});
  for (std::int64_t t = first; t < last; ++t) {
    const TilePlace place(grid, t, m);
    const Square<S, from> square(images + place.image * of.height * of.width * of.channels, of,
                                 place.row - padding[0], place.column - padding[1], zeros.data());
    LargestTransformed<T> largest;
    for (std::int64_t c = 0; c < of.channels; c += vector_width<T>) {
      const std::int64_t count = of.channels - c;
      T* const out = planes + layout.at(t - first, c);
      if (count >= vector_width<T>) {
        transform_square<true, to>(square, c, count, rule, largest, layout.plane, out);
      } else {
        transform_square<false, to>(square, c, count, rule, largest, layout.plane, out);
      }
    }
    seen(t, place, largest);
  }
}

/// Transforms the tiles [first, last) of the input.
template <class T, int m, class S, class Seen>
void transform_inputs(const S* images, const ImageSize& of, const std::int64_t (&padding)[2],
                      const TileGrid& grid, std::int64_t first, std::int64_t last,
                      const PlaneLayout& layout, T* planes, Seen&& seen) {
  transform_tiles<m, Winograd<m>::tile>(
      images, of, padding, grid, first, last, layout, planes,
      [](const auto& d, auto& v) { Winograd<m>::input(d, v); }, seen);
}

/// Gradients of outputs, taken to gradients of products.
template <class T, int m, class S, class Seen>
void transform_output_gradients(const S* gradients, const ImageSize& of, const TileGrid& grid,
                                std::int64_t first, std::int64_t last, const PlaneLayout& layout,
                                T* planes, Seen&& seen) {
  transform_tiles<m, m>(
      gradients, of, {0, 0}, grid, first, last, layout, planes,
      [](const auto& y, auto& p) { Winograd<m>::output_adjoint(y, p); }, seen);
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

/// Products of one vector of channels, from channel `c` on, to outputs: rows x columns pixels of
/// `count` channels, all of them and a whole vector if `whole`.
template <class T, int m, bool whole, class S>
void transform_output(const T* products, std::int64_t plane, const Finish<T>& finish,
                      std::int64_t c, std::int64_t count, std::int64_t rows, std::int64_t columns,
                      std::int64_t width, std::int64_t channels, S* outputs) {
  using W = Winograd<m>;
  Vector<T> half[m][W::tile];
  for (int j = 0; j < W::tile; ++j) {
    Vector<T> in[W::tile];
    Vector<T> out[m];
    for (int i = 0; i < W::tile; ++i) in[i] = load(products + (i * W::tile + j) * plane);
    W::output(in, out);
    for (int i = 0; i < m; ++i) half[i][j] = out[i];
  }
  Vector<T> bias{};
  if (finish.bias != nullptr) {
    bias = whole ? load(finish.bias + c) : load_some(finish.bias + c, count);
  }
#pragma GCC unroll 4
  for (int i = 0; i < m; ++i) {
    Vector<T> out[m];
    W::output(half[i], out);
    for (int j = 0; j < m; ++j) {
      Vector<T> y = out[j] + bias;
      if (finish.relu) y = y < 0 ? Vector<T>{} : y;
      S* const to = outputs + (i * width + j) * channels;
      if (whole) {
        store_rounded(to, y);
      } else if (i < rows && j < columns) {
        store_some(to, y, count);
      }
    }
  }
}

/// Channels [begin, end).
struct ChannelRange {
  std::int64_t begin, end;
};

/// Products of tiles [first, last) and some channels, in planes that begin with tile `first` and
/// the first of the channels, to outputs.
template <class T, int m, class S>
void transform_outputs(const T* planes, const PlaneLayout& layout, const ImageSize& of,
                       const TileGrid& grid, std::int64_t first, std::int64_t last,
                       const ChannelRange& range, const Finish<T>& finish, S* outputs) {
  for (std::int64_t t = first; t < last; ++t) {
    const TilePlace place(grid, t, m);
    const std::int64_t pixel = (place.image * of.height + place.row) * of.width + place.column;
    const std::int64_t rows = std::min<std::int64_t>(m, of.height - place.row);
    const std::int64_t columns = std::min<std::int64_t>(m, of.width - place.column);
    for (std::int64_t c = range.begin; c < range.end; c += vector_width<T>) {
      const std::int64_t count = range.end - c;
      const bool whole = rows == m && columns == m && count >= vector_width<T>;
      (whole ? transform_output<T, m, true, S>
             : transform_output<T, m, false, S>)(planes + layout.at(t - first, c - range.begin),
                                                 layout.plane, finish, c, count, rows, columns,
                                                 of.width, of.channels,
                                                 outputs + pixel * of.channels + c);
    }
  }
}

}  // namespace plastic::cpu
