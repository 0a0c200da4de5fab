#pragma once

#include <cstdint>
#include <iterator>
#include <vector>

#include "plastic/core/dtype.h"
#include "plastic/core/recycled.h"

namespace plastic {

/// Sizes of a max pooling of images that lie channels-last without gaps. Every window holds at
/// least one pixel.
struct MaxPool2dShape {
  DType dtype = DType::f32;
  std::int64_t batch = 0, channels = 0;
  std::int64_t in_height = 0, in_width = 0;
  std::int64_t out_height = 0, out_width = 0;
  /// Rows, then columns.
  std::int64_t kernel[2] = {1, 1};
  std::int64_t stride[2] = {1, 1};
  std::int64_t padding[2] = {0, 0};

  /// The dtype of the offsets within a window, row · kernel's width + column, that the forward pass
  /// keeps.
  DType offset_dtype() const { return kernel[0] * kernel[1] <= 256 ? DType::u8 : DType::i64; }

  // Elements of what a pooling reads and writes.
  std::int64_t x_size() const { return batch * channels * in_height * in_width; }
  std::int64_t y_size() const { return batch * channels * out_height * out_width; }
};

/// The rows or columns [begin, end) of the input that one row or column of the result averages, and
/// what it divides their sum by.
struct PoolWindow {
  std::int64_t begin = 0, end = 0;
  std::int64_t divisor = 1;
};

using PoolWindows = std::vector<PoolWindow, Recycled<PoolWindow>>;

/// Sizes of an average pooling, likewise; begin and end never decrease from one window to the next.
struct AvgPool2dShape {
  DType dtype = DType::f32;
  std::int64_t batch = 0, channels = 0;
  std::int64_t in_height = 0, in_width = 0;
  /// One for each row and each column of the result.
  PoolWindows rows, columns;

  std::int64_t x_size() const { return batch * channels * in_height * in_width; }
  std::int64_t y_size() const { return batch * channels * std::ssize(rows) * std::ssize(columns); }
};

}  // namespace plastic
