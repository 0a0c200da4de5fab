#pragma once

#include <cstdint>

#include "core/device/conv2d_shape.h"

namespace plastic::cpu {

/// One group of a convolution.
struct ConvGroup {
  ConvGroup(const Conv2dShape& s, std::int64_t index)
      : in(s.in_channels / s.groups),
        out(s.out_channels / s.groups),
        taps(s.kernel_height * s.kernel_width),
        k(in * taps),
        first_in(index * in),
        first_out(index * out) {}

  /// The position of column c · taps + t of the weights in the order of patches, t · in + c.
  std::int64_t place(std::int64_t column) const { return column % taps * in + column / taps; }

  std::int64_t in, out, taps, k, first_in, first_out;
};

}  // namespace plastic::cpu
