#pragma once

#include "core/device/conv2d_shape.h"

namespace plastic::cpu {

// Convolution as a product of patches and weights (core/cpu/conv/patches.h), for every shape. The
// patches are copied a few at a time, so that they stay in the caches. The contracts are Backend's.

void conv_im2row(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
                 bool relu, void* y);
void conv_im2row_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                            void* grad_x);
void conv_im2row_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                             void* grad_weight);

}  // namespace plastic::cpu
