#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "core/cpu/conv/winograd_largest.h"
#include "core/cpu/conv/winograd_tiles.h"
#include "core/cpu/scratch.h"
#include "core/cpu/stored_vector.h"
#include "core/cpu/vector.h"
#include "core/threads/parallel.h"

// Winograd's transforms add up the pixels of a whole tile, also those outside an output's window,
// which cancel in the end but for rounding. Where one pixel is very much larger than all that a
// window holds, that rounding drowns the window's result, and an infinity or NaN never cancels.
// Tiles with such outliers are found here, to be computed by another algorithm. docs/winograd.md,
// section 8, has the bound.

namespace plastic::cpu {

/// How many times larger than a window's largest value another value of the tile may be. Rounding
/// is then at most some 2e-4 of one product.
constexpr int outlier_ratio = 64;

/// The largest magnitude, infinity when any number is not finite.
template <class S>
Computed<S> largest(const S* numbers, std::int64_t count) {
  using T = Computed<S>;
  Vector<T> most{}, odd{};
  const auto look_at = [&](Vector<T> x) {
    const Vector<T> magnitude = x < 0 ? -x : x;
    most = magnitude > most ? magnitude : most;
    odd += x - x;
  };
  std::int64_t i = 0;
  for (; i + vector_width<T> <= count; i += vector_width<T>) look_at(load_stored(numbers + i));
  if (i < count) look_at(load_some(numbers + i, count - i));
  if (sum_of<T>(odd) != 0) return std::numeric_limits<T>::infinity();
  T out = 0;
  for (std::int64_t k = 0; k < vector_width<T>; ++k) out = std::max<T>(out, most[k]);
  return out;
}

/// Looks for outliers in tiles of images, channels-last, that are stored as S.
template <class S>
class OutlierSearch {
 public:
  using T = Computed<S>;

  OutlierSearch(const S* images, std::int64_t count, const ImageSize& of)
      : images_(images), of_(of), usual_(static_cast<std::size_t>(count)) {
    parallel_for(0, count, 16, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) usual_[static_cast<std::size_t>(i)] = usual(i);
    });
  }

  /// Tiles of this image whose transformed pixels are not larger have no outlier; others may. Half
  /// of what makes one, for what the other pixels may take away.
  T limit(std::int64_t image) const {
    return std::min(outlier_ratio / 2 * usual_[static_cast<std::size_t>(image)], huge<T>);
  }

  /// Whether the square of size² pixels at (row, column) of an image has one, for outputs of
  /// window² pixels each that lie in the first `rows` and `columns`.
  template <int size, int window>
  bool finds(std::int64_t image, std::int64_t row, std::int64_t column, std::int64_t rows,
             std::int64_t columns) const {
    T pixels[size][size] = {};
    T most = 0;
    for (int i = 0; i < size; ++i) {
      for (int j = 0; j < size; ++j) {
        if (row + i < 0 || row + i >= of_.height || column + j < 0 || column + j >= of_.width) {
          continue;
        }
        pixels[i][j] = largest_at(image, row + i, column + j);
        most = std::max(most, pixels[i][j]);
      }
    }
    if (!(most < huge<T>)) return true;
    T least = most;
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) {
        T in_window = 0;
        for (int k = 0; k < window * window; ++k) {
          in_window = std::max(in_window, pixels[i + k / window][j + k % window]);
        }
        least = std::min(least, in_window);
      }
    }
    return most > outlier_ratio * std::max(least, usual_[static_cast<std::size_t>(image)]);
  }

 private:
  T largest_at(std::int64_t image, std::int64_t row, std::int64_t column) const {
    const std::int64_t pixel = (image * of_.height + row) * of_.width + column;
    return largest(images_ + pixel * of_.channels, of_.channels);
  }

  /// What a pixel of the image usually holds at most: the lower quartile of a few. Windows that
  /// hold less, such as those of nothing but zeros, lose no more than others do.
  T usual(std::int64_t image) const {
    constexpr std::int64_t max_samples = 12;
    T samples[max_samples];
    const std::int64_t pixels = of_.height * of_.width;
    const std::int64_t count = std::min(pixels, max_samples);
    for (std::int64_t k = 0; k < count; ++k) {
      const std::int64_t pixel = (2 * k + 1) * pixels / (2 * count);
      samples[k] = largest_at(image, pixel / of_.width, pixel % of_.width);
    }
    std::nth_element(samples, samples + count / 4, samples + count);
    return count == 0 ? T{0} : samples[count / 4];
  }

  const S* images_;
  ImageSize of_;
  /// The usual magnitude of each image's pixels.
  ScratchVector<T> usual_;
};

}  // namespace plastic::cpu
