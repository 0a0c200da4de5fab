#pragma once

#include "core/device/conv2d_shape.h"
#include "cuda/runtime/context.h"

// Convolutions as their formulas say, for any shape and floating-point type: what cuDNN cannot do.
// Their results do not depend on timing.
namespace plastic::cuda {

void conv_direct(Context& context, const Conv2dShape& shape, const void* x, const void* weight,
                 void* y);
void conv_direct_input_grad(Context& context, const Conv2dShape& shape, const void* grad_y,
                            const void* weight, void* grad_x);
void conv_direct_weight_grad(Context& context, const Conv2dShape& shape, const void* x,
                             const void* grad_y, void* grad_weight);

}  // namespace plastic::cuda
