#pragma once

#include <algorithm>
#include <cstdint>

#include "core/cpu/conv/conv_passes.h"

namespace plastic::cpu {

// Winograd's convolution F(m×m, 3×3), m being 2 or 4 (core/cpu/conv/winograd_rules.h). The
// contracts are Backend's.

/// Whether a shape can be computed so: kernels of 3×3, a stride and dilation of 1, one group, and
/// a padding of at most 2.
inline bool winograd_fits(const Conv2dShape& s) {
  const auto both = [](const std::int64_t(&pair)[2], std::int64_t low, std::int64_t high) {
    return std::min(pair[0], pair[1]) >= low && std::max(pair[0], pair[1]) <= high;
  };
  return s.kernel_height == 3 && s.kernel_width == 3 && s.groups == 1 && both(s.stride, 1, 1) &&
         both(s.dilation, 1, 1) && both(s.padding, 0, 2);
}

/// Whether Winograd's transforms, which take as long for few channels, cost less than its products
/// save.
inline bool has_channels_for_winograd(const Conv2dShape& s) {
  return std::min(s.in_channels, s.out_channels) >= 16;
}

/// Whether a convolution of bf16 is to be given to the kernels as it is: it is one for F(4×4),
/// whose transforms widen and round, with so many pixels that this is certain to be fastest.
inline bool winograd_reads_bf16(const Conv2dShape& s) {
  return winograd_fits(s) && has_channels_for_winograd(s) &&
         std::max(s.out_height, s.out_width) > 2 && s.batch * s.out_height * s.out_width > 512;
}

/// The latter for images of bf16, too.
extern const ConvPasses conv_winograd2, conv_winograd4;

}  // namespace plastic::cpu
