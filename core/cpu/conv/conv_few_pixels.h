#pragma once

#include "core/cpu/conv/conv_passes.h"

namespace plastic::cpu {

// A convolution of few pixels with many weights, one group: products with patches whose columns
// are in the order of the weights, which are read and written where they lie. The contracts are
// Backend's.

extern const ConvPasses conv_few_pixels;

}  // namespace plastic::cpu
