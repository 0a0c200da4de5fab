#pragma once

#include "core/device/conv2d_shape.h"

namespace plastic::cpu {

// A convolution of few pixels with many weights, one group: products with patches whose columns
// are in the order of the weights, which are read and written where they lie. The contracts are
// Backend's.

void conv_few_pixels(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
                     bool relu, void* y);
void conv_few_pixels_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                                void* grad_x);
void conv_few_pixels_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                                 void* grad_weight);

}  // namespace plastic::cpu
