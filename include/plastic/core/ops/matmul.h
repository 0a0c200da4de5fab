#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

/// Matrix product (M, K) x (K, N) -> (M, N). f32 or f64; views with a transposed layout are used in
/// place. Throws Error when ranks, inner sizes or dtypes do not fit. Differentiable.
Tensor matmul(const Tensor& a, const Tensor& b);

/// x · weightᵀ + bias: (..., in) with weight (out, in) and bias (out) -> (..., out), PyTorch's
/// layout. An undefined bias is left out. Throws Error when the sizes do not fit. Differentiable.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

}  // namespace plastic
