#pragma once

#include "core/device/conv2d_shape.h"

namespace plastic::cpu {

// Winograd's convolution F(m×m, 3×3), m being 2 or 4 (core/cpu/conv/winograd_rules.h). The
// contracts are Backend's.

/// Whether a shape can be computed so: kernels of 3×3, a stride and dilation of 1, one group, and
/// a padding of at most 2.
bool winograd_fits(const Conv2dShape& shape);

template <int m>
void conv_winograd(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
                   bool relu, void* y);
template <int m>
void conv_winograd_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                              void* grad_x);
template <int m>
void conv_winograd_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                               void* grad_weight);

}  // namespace plastic::cpu
