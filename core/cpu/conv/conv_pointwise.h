#pragma once

#include "core/device/conv2d_shape.h"

namespace plastic::cpu {

// A convolution of 1×1 kernels with a stride of 1 and one group is a product of pixels and weights.
// The contracts are Backend's.

bool is_pointwise(const Conv2dShape& shape);

void conv_pointwise(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
                    bool relu, void* y);
void conv_pointwise_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                               void* grad_x);
void conv_pointwise_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                                void* grad_weight);

}  // namespace plastic::cpu
