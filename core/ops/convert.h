#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

/// Throws Error naming `op` and the first element of x that `dtype`, an integer type, cannot hold;
/// floating-point types hold all, rounded.
void check_convertible(const char* op, const Tensor& x, DType dtype);

}  // namespace plastic
