#pragma once

#include <cstdint>

#include "plastic/core/random.h"
#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// @file
/// New f32 tensors of initial values, with the formulas and defaults of torch.nn.init. A null
/// `generator` means default_generator(). To set an existing parameter:
///
///     NoGrad no_grad;
///     layer.weight.copy_(nn::kaiming_normal(layer.weight.shape()));
///
/// The fans of a shape (out, in, k...) are in·∏k and out·∏k. Functions that need them throw Error
/// for fewer than two axes; all that take a shape throw Error for sizes below 1.

/// A tensor uniform in ±1/√fan_in, PyTorch's default for the weights and biases of Linear and
/// Conv2d (its kaiming_uniform with a = √5; He et al., arXiv 1502.01852). Throws Error unless
/// fan_in >= 1.
Tensor fan_in_uniform(const Shape& shape, std::int64_t fan_in, Generator* generator);

/// The function that follows the weights.
enum class Nonlinearity {
  /// None: x.
  linear,
  /// 1 / (1 + e⁻ˣ)
  sigmoid,
  /// Hyperbolic tangent.
  tanh,
  /// max(x, 0)
  relu,
  /// x where positive, else slope · x.
  leaky_relu,
  /// Klambauer et al., arXiv 1706.02515.
  selu,
};

/// The factor by which the deviation must grow to be preserved by the nonlinearity: 1 for linear
/// and sigmoid, 5/3 for tanh, √2 for relu, √(2/(1 + slope²)) for leaky_relu, 3/4 for selu.
double gain(Nonlinearity nonlinearity, double slope = 0.01);

/// Which fan of a shape (out, in, k...) Kaiming's deviation is taken from.
enum class Fan {
  /// in·∏k
  in,
  /// out·∏k
  out,
};

/// What Kaiming's deviation depends on beside the shape.
struct KaimingOptions {
  /// `in` preserves the variance of activations, `out` that of gradients.
  Fan fan = Fan::in;
  /// The function that follows the weights.
  Nonlinearity nonlinearity = Nonlinearity::leaky_relu;
  /// The negative slope of leaky_relu; 0 makes it relu.
  double slope = 0;
};

/// Uniform in ±√3·gain/√fan. He et al., arXiv 1502.01852.
Tensor kaiming_uniform(const Shape& shape, const KaimingOptions& options = {},
                       Generator* generator = nullptr);
/// Normal with deviation gain/√fan.
Tensor kaiming_normal(const Shape& shape, const KaimingOptions& options = {},
                      Generator* generator = nullptr);

/// Uniform in ±gain·√(6/(fan_in + fan_out)). Glorot and Bengio, AISTATS 2010. Throws Error unless
/// gain is finite.
Tensor xavier_uniform(const Shape& shape, double gain = 1, Generator* generator = nullptr);
/// Normal with deviation gain·√(2/(fan_in + fan_out)).
Tensor xavier_normal(const Shape& shape, double gain = 1, Generator* generator = nullptr);

/// gain times a uniformly distributed matrix, the last axes flattened into its columns, whose rows
/// (or columns, where there are fewer) are orthonormal: the Q of the QR decomposition of a matrix
/// of normal numbers, where R has a positive diagonal. Saxe et al., arXiv 1312.6120.
Tensor orthogonal(const Shape& shape, double gain = 1, Generator* generator = nullptr);

/// The distribution of truncated_normal().
struct TruncatedNormalOptions {
  /// Mean before the bounds cut it.
  double mean = 0;
  /// Deviation before the bounds cut it, above 0.
  double deviation = 1;
  /// The smallest value, not a multiple of the deviation.
  double low = -2;
  /// The largest value.
  double high = 2;
};

/// Normal, conditioned on low <= x <= high, by inverting the distribution function. Throws Error
/// unless low < high and deviation > 0, and when both bounds lie more than 7 deviations from the
/// mean on the same side.
Tensor truncated_normal(const Shape& shape, const TruncatedNormalOptions& options = {},
                        Generator* generator = nullptr);

}  // namespace plastic::nn

#pragma GCC visibility pop
