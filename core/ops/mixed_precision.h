#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

// Where Precision::bf16 changes dtypes: products narrow what they read, sums of many terms widen
// it. Both conversions are recorded, so that gradients come back in the dtype of what was given.

/// Whether products read a tensor of this dtype as bf16: f32 while precision() is bf16.
bool is_narrowed(DType dtype);

/// `x` as a product, a convolution or a linear layer reads it; an undefined tensor stays so.
Tensor for_product(const Tensor& x);

/// `x` as softmax, means and losses read it: bf16 as f32. Throws Error naming `op` for a tensor
/// that is undefined.
Tensor widened(const char* op, const Tensor& x);

}  // namespace plastic
