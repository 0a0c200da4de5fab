#pragma once

#include "core/cpu/conv/conv_passes.h"

namespace plastic::cpu {

// Depthwise convolution, one filter a channel, vectorised over channels. Sums in f64; the contracts
// are Backend's.

/// Whether every channel is convolved by itself with one filter.
bool is_depthwise(const Conv2dShape& shape);

extern const ConvPasses conv_depthwise;

}  // namespace plastic::cpu
