#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "plastic/core/random.h"
#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic::optim {

/// @file
/// What a loss looks like around its parameters: the largest eigenvalues of its Hessian, and the
/// noise of its gradient. Any model has them whose loss is a function of tensors on the CPU. Both
/// functions leave the parameters' values and gradients as they were, also when they throw. Values
/// are the same bits for any number of threads.

/// A loss that is the mean of those of `batches` batches.
struct BatchLoss {
  /// Computes the loss of batch 0, 1, ..., a single element, with autograd recording. The same
  /// parameters must give the same loss: evaluate dropout and batch normalisation in evaluation
  /// mode, or draw the same dropout in every call and freeze the running statistics.
  std::function<Tensor(std::int64_t batch)> of;
  /// How many there are, at least 1.
  std::int64_t batches = 1;
};

/// What hessian_eigenvalues() looks for, and how exactly.
struct HessianOptions {
  /// How many of the largest eigenvalues to find.
  int eigenvalues = 1;
  /// Products of the Hessian with a vector at most.
  int max_iterations = 200;
  /// An eigenvalue λ counts as found when its residual ‖H·v - λ·v‖ is at most this share of |λ|.
  /// Some eigenvalue of H is never further from λ than the residual.
  double tolerance = 1e-4;
  /// Draws the vector to begin with.
  Generator generator = {};
};

/// What hessian_eigenvalues() found.
struct HessianEigenvalues {
  /// The largest, in falling order. One that occurs several times is given once, as Lanczos'
  /// method finds it.
  std::vector<double> values;
  /// ‖H·v - λ·v‖ of each, computed with one more product.
  std::vector<double> residuals;
  /// The eigenvectors v, of length 1 over all parameters together: for each eigenvalue one tensor
  /// per parameter, f64.
  std::vector<std::vector<Tensor>> vectors;
  /// Products until they were found.
  int iterations = 0;
  /// How far products of the two sides differed at most, as a share of the largest product: 0 for
  /// a smooth loss; above 1e-4 where ReLU's kinks lay too close to the parameters.
  double roughness = 0.0;
  /// Whether every residual is within the tolerance.
  bool converged = false;
};

/// The largest eigenvalues of the Hessian of `loss` over all `parameters` together, by Lanczos'
/// method with full reorthogonalisation (Golub and Van Loan, "Matrix Computations", 10.1; for
/// networks: Ghorbani et al., arXiv 1901.10159). A product with a vector is a difference of
/// gradients, H·v ≈ (g(θ + h·v) - g(θ - h·v)) / 2h, where h shrinks until both sides agree, so that
/// no kink of a ReLU lies between. Each product takes two gradients of the whole loss; each
/// iteration keeps one f64 vector of all parameters in memory.
///
/// Throws Error unless the parameters are distinct f64 leaves on the CPU that require a gradient
/// (nn::convert() makes those of a module f64), there are at least as many elements as eigenvalues
/// asked for, the options are positive and the loss and its gradient are finite.
HessianEigenvalues hessian_eigenvalues(const std::vector<Tensor>& parameters, const BatchLoss& loss,
                                       const HessianOptions& options = {});

/// What noise_scale() estimates.
struct NoiseScale {
  /// tr Σ / |G|²; infinite where `gradient_square` is not above 0: the batches are too small to
  /// tell the gradient from its noise.
  double scale = 0.0;
  /// tr Σ, of the covariance of the gradients of single examples. Unbiased.
  double trace = 0.0;
  /// |G|², of the gradient of the expected loss. Unbiased, so it may be negative.
  double gradient_square = 0.0;
  /// The jackknife's variance of `trace` over the batches (Efron and Tibshirani, "An introduction
  /// to the bootstrap", 1993, chapter 11).
  double trace_variance = 0.0;
  /// That of `gradient_square`.
  double gradient_square_variance = 0.0;
  /// That of both together.
  double covariance = 0.0;
  /// |mean of the gradients|, which the noise makes too long.
  double gradient_norm = 0.0;
};

/// The simple noise scale tr Σ / |G|² of McCandlish et al., "An empirical model of large-batch
/// training" (arXiv 1812.06162, section 2.2): the batch size, in examples, from which the noise of
/// a gradient is smaller than the gradient, and larger batches bring little. tr Σ and |G|² are the
/// unbiased estimates of its appendix A.1, from the gradients of single batches of `batch_size`
/// examples and from their mean over all batches. The batches should be disjoint and drawn at
/// random. Each takes two gradients: a second pass, for the variances, saves keeping them all.
///
/// The parameters are distinct leaves on the CPU that require a gradient, f32 or f64; sums are f64.
/// Throws Error for others, for fewer than 2 batches and for what is not finite.
NoiseScale noise_scale(const std::vector<Tensor>& parameters, const BatchLoss& loss,
                       std::int64_t batch_size);

}  // namespace plastic::optim

#pragma GCC visibility pop
