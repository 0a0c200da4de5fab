#pragma once

#include <vector>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

// Both change the gradients in place, between backward() and Optimizer::step(). Parameters without
// a gradient are skipped; one that is given twice counts once (in PyTorch, twice).

/// Scales all gradients by min(1, max_norm / (‖g‖ + 1e-6)) and returns ‖g‖, the Euclidean norm of
/// all of them together before scaling, as torch.nn.utils.clip_grad_norm_ (Pascanu et al., arXiv
/// 1211.5063). The norm is computed in f64; PyTorch's, for f32 gradients, is infinite beyond
/// 1.8e19. One pass reads the gradients, and a second scales them only if the norm is too large. An
/// infinite max_norm only measures; in PyTorch it makes gradients of an infinite norm NaN. Throws
/// Error unless max_norm > 0 and, with `error_if_nonfinite`, for a norm that is not finite, leaving
/// the gradients unchanged. (Otherwise such a norm makes gradients 0 or NaN.)
double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm,
                      bool error_if_nonfinite = false);

/// Clamps every element of the gradients to [-limit, limit]; NaN stays NaN. Throws Error unless
/// limit > 0.
void clip_grad_value(const std::vector<Tensor>& parameters, double limit);

}  // namespace plastic::optim

#pragma GCC visibility pop
