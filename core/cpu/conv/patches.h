#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "core/cpu/scratch.h"
#include "core/cpu/vector.h"
#include "core/device/conv2d_shape.h"

namespace plastic::cpu {

/// Inline, for counts that are too small for the C library's call to be worth it.
template <class T>
inline void copy_few(const T* from, std::int64_t count, T* to) {
  for (; count >= vector_width<T>; count -= vector_width<T>) {
    store(to, load(from));
    from += vector_width<T>;
    to += vector_width<T>;
  }
#pragma GCC unroll 4
  for (std::int64_t half = vector_width<T> / 2; half > 0; half /= 2) {
    if ((count & half) == 0) continue;
    std::memcpy(to, from, static_cast<std::size_t>(half) * sizeof(T));
    from += half;
    to += half;
  }
}

/// The patches of the input that outputs of a convolution are sums over, one group's, as the matrix
/// of im2row: a row an output pixel (image, row, column), a column for each (tap, channel), zeros
/// where the kernel reaches beyond the image. A block of it at a time is looked at; where its rows
/// and columns lie is found once for all of them. `Pixel` is perhaps const.
template <class Pixel>
class Patches {
 public:
  using T = std::remove_const_t<Pixel>;

  Patches(const Conv2dShape& shape, Pixel* x, std::int64_t group)
      : s_(shape),
        channels_(shape.in_channels / shape.groups),
        x_(x + group * channels_),
        are_lines_dense_(shape.groups == 1 && shape.dilation[1] == 1) {}

  static std::int64_t rows(const Conv2dShape& s) { return s.batch * s.out_height * s.out_width; }

  void take_rows(std::int64_t first, std::int64_t last) {
    const std::int64_t reach = (s_.kernel_width - 1) * s_.dilation[1];
    std::int64_t column = first % s_.out_width;
    std::int64_t line = first / s_.out_width % s_.out_height;
    std::int64_t image = first / (s_.out_width * s_.out_height);
    places_.clear();
    for (std::int64_t row = first; row < last; ++row) {
      const std::int64_t top = line * s_.stride[0] - s_.padding[0];
      const std::int64_t left = column * s_.stride[1] - s_.padding[1];
      places_.push_back(
          {.top = top,
           .left = left,
           .first = ((image * s_.in_height + top) * s_.in_width + left) * s_.in_channels,
           .is_wide = left >= 0 && left + reach < s_.in_width});
      if (++column < s_.out_width) continue;
      column = 0;
      if (++line < s_.out_height) continue;
      line = 0;
      ++image;
    }
  }

  void take_columns(std::int64_t begin, std::int64_t end) {
    find_stretches(begin, end, channels_, taps_);
    // The taps of one row of the kernel lie beside each other.
    if (are_lines_dense_) find_stretches(begin, end, s_.kernel_width * channels_, lines_);
  }

  /// Calls run(pixels, count) for one stretch of memory after the other that make up row `i` of
  /// the block, with null for zeros.
  template <class Run>
  void visit(std::int64_t i, Run&& run) const {
    const Place& place = places_[static_cast<std::size_t>(i)];
    const auto is_row_inside = [&](const Stretch& stretch) {
      const std::int64_t row = place.top + stretch.row;
      return row >= 0 && row < s_.in_height;
    };
    if (are_lines_dense_ && place.is_wide) {
      for (const Stretch& stretch : lines_) {
        run(is_row_inside(stretch) ? x_ + (place.first + stretch.offset) : nullptr, stretch.count);
      }
      return;
    }
    for (const Stretch& stretch : taps_) {
      const std::int64_t column = place.left + stretch.column;
      const bool inside = is_row_inside(stretch) && column >= 0 && column < s_.in_width;
      run(inside ? x_ + (place.first + stretch.offset) : nullptr, stretch.count);
    }
  }

  /// All rows of the block, `distance` apart.
  void copy_rows(T* to, std::int64_t distance) const {
    const auto rows = static_cast<std::int64_t>(places_.size());
    if (taps_.size() == 1 && taps_[0].count == 2 * vector_width<T>)
      return copy_channels(to, distance);
    for (std::int64_t i = 0; i < rows; ++i) copy(i, to + i * distance);
  }

  /// Row `i` of the block.
  void copy(std::int64_t i, T* to) const {
    visit(i, [&](const T* from, std::int64_t count) {
      if (from == nullptr) {
        std::fill_n(to, count, T{0});
      } else {
        copy_few(from, count, to);
      }
      to += count;
    });
  }

 private:
  /// Where a patch begins in the image, perhaps before it, and in memory.
  struct Place {
    std::int64_t top, left, first;
    /// Whether all its columns are inside the image.
    bool is_wide;
  };
  /// Columns that lie beside each other: where in the patch they begin, there and in memory.
  struct Stretch {
    std::int64_t row, column, offset, count;
  };

  /// All rows where the columns are two vectors of channels of one tap.
  void copy_channels(T* to, std::int64_t distance) const {
    const Stretch tap = taps_[0];
    const auto height = static_cast<std::uint64_t>(s_.in_height);
    const auto width = static_cast<std::uint64_t>(s_.in_width);
    for (const Place& place : places_) {
      // Negative numbers are large ones.
      const bool inside = static_cast<std::uint64_t>(place.top + tap.row) < height &&
                          static_cast<std::uint64_t>(place.left + tap.column) < width;
      const T* from = inside ? x_ + (place.first + tap.offset) : zeros_;
      store(to, load(from));
      store(to + vector_width<T>, load(from + vector_width<T>));
      to += distance;
    }
  }

  /// The parts of columns [begin, end) between multiples of `length`.
  void find_stretches(std::int64_t begin, std::int64_t end, std::int64_t length,
                      ScratchVector<Stretch>& to) const {
    to.clear();
    while (begin < end) {
      const std::int64_t tap = begin / channels_;
      const std::int64_t row = tap / s_.kernel_width * s_.dilation[0];
      const std::int64_t column = tap % s_.kernel_width * s_.dilation[1];
      const std::int64_t count = std::min(end - begin, length - begin % length);
      to.push_back(
          {row, column, (row * s_.in_width + column) * s_.in_channels + begin % channels_, count});
      begin += count;
    }
  }

  const Conv2dShape& s_;
  std::int64_t channels_;
  Pixel* x_;
  /// Whether taps of one row of the kernel lie beside each other in memory.
  bool are_lines_dense_;
  T zeros_[2 * vector_width<T>] = {};
  ScratchVector<Place> places_;
  /// Tap by tap; and row of the kernel by row, where these are dense.
  ScratchVector<Stretch> taps_, lines_;
};

}  // namespace plastic::cpu
