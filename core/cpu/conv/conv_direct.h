#pragma once

#include "core/cpu/conv/conv_passes.h"

namespace plastic::cpu {

// Convolution by its definition, summed in f64: every stride, padding, dilation and number of
// groups, f32 and f64. The contracts are Backend's.

extern const ConvPasses conv_direct;

}  // namespace plastic::cpu
