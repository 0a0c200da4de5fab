#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// The tensors one after the other along `axis`. They share dtype and, except along `axis`, shape:
/// throws Error naming the first that does not fit, or for an empty list. Differentiable.
Tensor concat(std::span<const Tensor> tensors, std::int64_t axis = 0);
/// The same for a list in braces.
Tensor concat(std::initializer_list<Tensor> tensors, std::int64_t axis = 0);

/// The tensors, all of one shape, along a new axis. Differentiable.
Tensor stack(std::span<const Tensor> tensors, std::int64_t axis = 0);
/// The same for a list in braces.
Tensor stack(std::initializer_list<Tensor> tensors, std::int64_t axis = 0);

/// Views of `size` slices each along `axis`, the last one perhaps shorter; an axis of size 0 gives
/// an empty one, as in PyTorch. Throws Error unless size >= 1. Differentiable.
std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t axis = 0);

}  // namespace plastic

#pragma GCC visibility pop
