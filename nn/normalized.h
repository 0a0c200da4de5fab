#pragma once

#include "plastic/core/tensor.h"

namespace plastic::nn {

/// Throws Error naming `module` unless eps is a number of 0 or more.
void check_eps(const char* module, double eps);

/// The last axes, which are to have the sizes `shape`, counted from the end. Throws Error naming
/// `module` unless there is one, of sizes of at least 1.
Shape last_axes(const char* module, const Shape& shape);

/// Throws Error naming `module` unless x is of floating point and its last axes have those sizes.
void check_last_axes(const char* module, const Tensor& x, const Shape& shape);

/// (x - mean) / √(var + eps) over `axes`, the variance being that of the population. x is f32 or
/// f64. Differentiable.
Tensor normalized(const char* module, const Tensor& x, const Shape& axes, double eps);

}  // namespace plastic::nn
