#pragma once

#include <array>

#include "plastic/core/tensor.h"

namespace plastic::optim {

/// X ← X / max(‖X‖, eps), then `steps` times A = X·Xᵀ, X ← a·X + (b·A + c·A²)·X: a matrix with the
/// singular vectors of X and singular values near 1. f32 of rank 2; a tall matrix is transposed
/// meanwhile, so that A is as small as it can be.
Tensor newton_schulz(const Tensor& matrix, const std::array<double, 3>& coefficients, int steps,
                     double eps);

}  // namespace plastic::optim
