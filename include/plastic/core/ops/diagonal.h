#pragma once

#include <cstdint>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// The elements whose positions along both axes are equal, along a new last axis in the place of
/// the two, as torch.diagonal: a view. Throws Error when both are the same axis. Differentiable.
Tensor diagonal(const Tensor& x, std::int64_t axis1 = 0, std::int64_t axis2 = 1);

}  // namespace plastic

#pragma GCC visibility pop
