#pragma once

#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// Converts a module's parameters, with their gradients, and floating-point buffers to f32 or f64,
/// in place: handles held elsewhere follow, views keep the old memory. For computations that need
/// more digits, such as optim::hessian_eigenvalues(); inputs must then be f64, too. Optimizers step
/// f32 parameters alone: create them for others, and those created before refuse to step. Must not
/// be called between a forward pass and its backward(). Throws Error, converting nothing, for
/// another dtype.
void convert(Module& model, DType dtype);

}  // namespace plastic::nn

#pragma GCC visibility pop
