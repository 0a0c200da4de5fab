#pragma once

#include "core/device/backend.h"
#include "plastic/core/tensor.h"

namespace plastic {

/// What the gradient of a unary function is computed from.
enum class Keep { result, argument };

/// The elementwise function `op` of a tensor of f32 or f64, recorded. Throws Error naming `name`
/// for other dtypes.
Tensor unary(const char* name, Unary op, Keep keep, const Tensor& x,
             const UnaryParameters& parameters = {});

}  // namespace plastic
