#pragma once

#include <algorithm>
#include <cstdint>

#include "core/device/conv2d_shape.h"

namespace plastic::cpu {

/// The patches of the input that outputs of a convolution are sums over, one group's, as the matrix
/// of im2row: a row an output pixel (image, row, column), a column for each (tap, channel), zeros
/// where the kernel reaches beyond the image.
template <class T>
class Patches {
 public:
  Patches(const Conv2dShape& shape, const T* x, std::int64_t group)
      : s_(shape), channels_(shape.in_channels / shape.groups), x_(x + group * channels_) {}

  std::int64_t rows() const { return s_.batch * s_.out_height * s_.out_width; }
  std::int64_t columns() const { return s_.kernel_height * s_.kernel_width * channels_; }

  /// Columns [begin, end) of row `row`.
  void copy(std::int64_t row, std::int64_t begin, std::int64_t end, T* to) const {
    visit(row, begin, end, [&](const T* from, std::int64_t count) {
      to = from == nullptr ? std::fill_n(to, count, T{0}) : std::copy_n(from, count, to);
    });
  }

  /// Calls run(pixels, count) for one stretch of memory after the other that make up columns
  /// [begin, end) of row `row`, with null for zeros.
  template <class Run>
  void visit(std::int64_t row, std::int64_t begin, std::int64_t end, Run&& run) const {
    const std::int64_t column = row % s_.out_width;
    const std::int64_t line = row / s_.out_width % s_.out_height;
    const std::int64_t image = row / (s_.out_width * s_.out_height);
    const std::int64_t top = line * s_.stride[0] - s_.padding[0];
    const std::int64_t left = column * s_.stride[1] - s_.padding[1];
    const T* pixels = x_ + image * s_.in_height * s_.in_width * s_.in_channels;
    // The taps of one row of the kernel lie beside each other where nothing is left out between.
    const bool dense =
        s_.groups == 1 && s_.dilation[1] == 1 && left >= 0 && left + s_.kernel_width <= s_.in_width;
    const std::int64_t stretch = dense ? s_.kernel_width * channels_ : channels_;
    while (begin < end) {
      const std::int64_t tap = begin / channels_;
      const std::int64_t i = top + tap / s_.kernel_width * s_.dilation[0];
      const std::int64_t j = left + tap % s_.kernel_width * s_.dilation[1];
      const std::int64_t count = std::min(end - begin, stretch - begin % stretch);
      const bool inside = i >= 0 && i < s_.in_height && j >= 0 && j < s_.in_width;
      run(inside ? pixels + (i * s_.in_width + j) * s_.in_channels + begin % channels_ : nullptr,
          count);
      begin += count;
    }
  }

 private:
  const Conv2dShape& s_;
  std::int64_t channels_;
  const T* x_;
};

}  // namespace plastic::cpu
