#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

/// Throws Error unless all quotients a / b of integers exist: for a b of 0, and for -2^63 / -1 of
/// i64. Looking for these waits for a device. a has an integer dtype, and a tensor b the same.
void check_quotients(const Tensor& a, const Tensor& b);
void check_quotients(const Tensor& a, const Number& b);

}  // namespace plastic
