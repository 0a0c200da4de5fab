#pragma once

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// What an operation may apply to its result before it is written.
enum class Activation {
  /// Nothing: the result as it is.
  none,
  /// max(x, 0); see relu().
  relu,
};

// Elementwise activations; f32, f64 or bf16, differentiable.

/// max(x, 0); the gradient at 0 is 0, as in PyTorch.
Tensor relu(const Tensor& x);
/// x where positive, else slope · x: a negative slope turns 0 into -0, as in PyTorch.
Tensor leaky_relu(const Tensor& x, double slope = 0.01);
/// x · Φ(x), Φ being the normal distribution function, by the error function: PyTorch's default,
/// except that it stays accurate far below 0, where 1 + erf(x/√2) rounds to 0. Hendrycks and
/// Gimpel, arXiv 1606.08415.
Tensor gelu(const Tensor& x);
/// x · sigmoid(x). Elfwing, Uchibe, Doya, arXiv 1702.03118.
Tensor silu(const Tensor& x);
/// log(1 + eˣ), without overflow.
Tensor softplus(const Tensor& x);

}  // namespace plastic

#pragma GCC visibility pop
