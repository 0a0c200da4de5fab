#pragma once

#include "core/device/conv2d_shape.h"

namespace plastic::cpu {

// Depthwise convolution, one filter a channel, vectorised over channels. Sums in f64; the contracts
// are Backend's.

/// Whether every channel is convolved by itself with one filter.
bool is_depthwise(const Conv2dShape& shape);

void conv_depthwise(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
                    bool relu, void* y);
void conv_depthwise_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                               void* grad_x);
void conv_depthwise_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                                void* grad_weight);

}  // namespace plastic::cpu
