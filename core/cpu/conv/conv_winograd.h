#pragma once

#include "core/cpu/conv/conv_passes.h"

namespace plastic::cpu {

// Winograd's convolution F(m×m, 3×3), m being 2 or 4 (core/cpu/conv/winograd_rules.h). The
// contracts are Backend's.

/// Whether a shape can be computed so: kernels of 3×3, a stride and dilation of 1, one group, and
/// a padding of at most 2.
bool winograd_fits(const Conv2dShape& shape);

extern const ConvPasses conv_winograd2, conv_winograd4;

}  // namespace plastic::cpu
