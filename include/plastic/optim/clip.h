#pragma once

#include <vector>

#include "plastic/core/tensor.h"

namespace plastic::optim {

// Both work on the gradients where they lie, between backward() and Optimizer::step(). Parameters
// without a gradient are passed over; one that is given twice counts once (in PyTorch, twice).

/// Scales all gradients by min(1, max_norm / (‖g‖ + 1e-6)) and returns ‖g‖, the Euclidean norm of
/// all of them together before, as torch.nn.utils.clip_grad_norm_ (Pascanu et al., arXiv
/// 1211.5063). The norm is taken in f64; PyTorch's, of f32 gradients, is infinite beyond 1.8e19.
/// One pass reads them, and a second one scales them only where the norm is too large. An infinite
/// max_norm only measures; in PyTorch it makes gradients of an infinite norm NaN. Throws Error
/// unless max_norm > 0; and, where `error_if_nonfinite`, for a norm that is not finite, leaving the
/// gradients alone. (Otherwise such a norm makes gradients 0 or NaN.)
double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm,
                      bool error_if_nonfinite = false);

/// Limits every element of the gradients to [-limit, limit]; NaN stays. Throws Error unless
/// limit > 0.
void clip_grad_value(const std::vector<Tensor>& parameters, double limit);

}  // namespace plastic::optim
