#pragma once

#include "core/cpu/conv/conv_passes.h"

namespace plastic::cpu {

// A convolution of 1×1 kernels with a stride of 1 and one group is a product of pixels and weights.
// The contracts are Backend's.

bool is_pointwise(const Conv2dShape& shape);

extern const ConvPasses conv_pointwise;

}  // namespace plastic::cpu
