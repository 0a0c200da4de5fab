#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

/// Throws Error unless all quotients a / b of integers exist: for a b of 0, and for -2^63 / -1 of
/// i64. Looking for these waits for a device. a has an integer dtype, and a tensor b the same.
void check_quotients(const Tensor& a, const Tensor& b);
void check_quotients(const Tensor& a, const Number& b);

/// Throws Error naming `op` where an element of b, of an integer dtype, is 0. Waits for a device.
void check_divisors(const char* op, const Tensor& a, const Tensor& b);

}  // namespace plastic
