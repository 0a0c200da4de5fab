#pragma once

#include "core/device/conv2d_shape.h"

namespace plastic::cpu {

// Convolution by its definition, summed in f64: every stride, padding, dilation and number of
// groups, f32 and f64. The contracts are Backend's.

void conv_direct(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
                 bool relu, void* y);
void conv_direct_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                            void* grad_x);
void conv_direct_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                             void* grad_weight);

}  // namespace plastic::cpu
