#pragma once

#include "core/cpu/conv/conv_passes.h"

namespace plastic::cpu {

// Convolution as a product of patches and weights (core/cpu/conv/patches.h), for every shape. The
// patches are copied a few at a time, so that they stay in the caches. The contracts are Backend's.

extern const ConvPasses conv_im2row;

}  // namespace plastic::cpu
