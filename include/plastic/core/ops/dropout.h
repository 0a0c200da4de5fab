#pragma once

#include "plastic/core/random.h"
#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// Sets each element to 0 with probability p and multiplies the others by 1 / (1 - p) ("inverted"
/// dropout, Srivastava et al. 2014, as in PyTorch). Element i is decided by number i of the
/// generator's sequence, whatever the device or thread count. Throws Error unless 0 <= p <= 1.
/// Differentiable.
Tensor dropout(const Tensor& x, double p, Generator& generator = default_generator());

}  // namespace plastic

#pragma GCC visibility pop
