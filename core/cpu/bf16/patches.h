#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/tensor/bfloat16.h"

namespace plastic::cpu {

/// Where the taps of a sum lie, beside `step` times its own row and column.
struct Tap {
  std::int64_t row, column;
};

/// Images that are read tap by tap: a matrix of one row for each position of a grid in each image,
/// with the channels of its first tap's pixel, then of its second, and so on; zeros where a pixel
/// lies outside the image. The pixel of a position (i, j) and a tap is at (step[0] · i + tap.row,
/// step[1] · j + tap.column).
struct TapMatrix {
  const bfloat16* images = nullptr;
  std::int64_t height = 0, width = 0;
  /// In a pixel, and those that are read, from the first of them.
  std::int64_t pixel_channels = 0, channels = 0, first_channel = 0;
  std::int64_t grid_height = 0, grid_width = 0;
  std::int64_t step[2] = {1, 1};
  std::vector<Tap> taps;

  std::int64_t columns() const { return std::ssize(taps) * channels; }

  /// Columns [begin, begin + count) of a row.
  void copy(std::int64_t row, std::int64_t begin, std::int64_t count, bfloat16* to) const {
    const std::int64_t j = row % grid_width * step[1];
    const std::int64_t i = row / grid_width % grid_height * step[0];
    const bfloat16* image =
        images + row / (grid_width * grid_height) * height * width * pixel_channels + first_channel;
    const std::int64_t end = begin + count;
    while (begin < end) {
      std::int64_t tap = begin / channels;
      const std::int64_t within = begin % channels;
      const Tap& at = taps[static_cast<std::size_t>(tap)];
      const bool is_inside = contains(i, j, at);
      std::int64_t length = channels - within;
      // Pixels beside each other are copied together.
      while (is_inside && channels == pixel_channels && length < end - begin &&
             ++tap < std::ssize(taps)) {
        const Tap& next = taps[static_cast<std::size_t>(tap)];
        const bool follows = next.row == at.row &&
                             (next.column - at.column) * channels == length + within &&
                             contains(i, j, next);
        if (!follows) break;
        length += channels;
      }
      length = std::min(length, end - begin);
      if (is_inside) {
        const bfloat16* from =
            image + ((i + at.row) * width + j + at.column) * pixel_channels + within;
        std::copy_n(from, length, to);
      } else {
        std::fill_n(to, length, bfloat16(0.0F));
      }
      to += length;
      begin += length;
    }
  }

 private:
  bool contains(std::int64_t i, std::int64_t j, const Tap& tap) const {
    return i + tap.row >= 0 && i + tap.row < height && j + tap.column >= 0 &&
           j + tap.column < width;
  }
};

/// Its rows as rows of A (pack.h).
struct TapRows {
  static constexpr bool is_along_k = true;
  static constexpr bool is_in_place = false;
  const TapMatrix& matrix;

  const bfloat16* along(std::int64_t line, std::int64_t k0, std::int64_t count,
                        bfloat16* room) const {
    matrix.copy(line, k0, count, room);
    return room;
  }
};

/// Its columns as columns of B.
struct TapColumns {
  static constexpr bool is_along_k = false;
  static constexpr bool is_in_place = false;
  const TapMatrix& matrix;

  const bfloat16* across(std::int64_t p, std::int64_t first, std::int64_t count,
                         bfloat16* room) const {
    matrix.copy(p, first, count, room);
    return room;
  }
};

}  // namespace plastic::cpu
