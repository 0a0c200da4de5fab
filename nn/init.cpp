#include "plastic/nn/init.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "nn/init_checks.h"

namespace plastic::nn {
namespace {

double fan_of(const char* op, const Shape& shape, Fan fan) {
  check_sizes(op, shape);
  if (shape.rank() < 2) {
    fail(op, "the fans of ", to_string(shape), " are unknown; it needs two axes or more");
  }
  // (out, in, k...): out·k and in·k are the product of all but the other.
  const std::int64_t other = shape[fan == Fan::in ? 0 : 1];
  const std::int64_t fan_size = shape.numel() / other;
  return static_cast<double>(fan_size);
}

double kaiming_deviation(const char* op, const Shape& shape, const KaimingOptions& options) {
  if (!std::isfinite(options.slope)) fail(op, "slope is ", options.slope, "; it must be a number");
  return gain(options.nonlinearity, options.slope) / std::sqrt(fan_of(op, shape, options.fan));
}

double xavier_deviation(const char* op, const Shape& shape, double gain) {
  check_gain(op, gain);
  return gain * std::sqrt(2 / (fan_of(op, shape, Fan::in) + fan_of(op, shape, Fan::out)));
}

/// Uniform with a deviation: the variance of ±b is b²/3.
Tensor uniform_of(const Shape& shape, double deviation, Generator* generator) {
  const double bound = std::sqrt(3.0) * deviation;
  return uniform(shape, -bound, bound, generator_or_default(generator));
}

}  // namespace

Tensor fan_in_uniform(const Shape& shape, std::int64_t fan_in, Generator* generator) {
  if (fan_in < 1) fail("fan_in_uniform", "fan_in must be at least 1, got ", fan_in);
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  return uniform(shape, -bound, bound, generator_or_default(generator));
}

double gain(Nonlinearity nonlinearity, double slope) {
  switch (nonlinearity) {
    case Nonlinearity::linear:
    case Nonlinearity::sigmoid:
      return 1;
    case Nonlinearity::tanh:
      return 5.0 / 3;
    case Nonlinearity::relu:
      return std::sqrt(2.0);
    case Nonlinearity::leaky_relu:
      return std::sqrt(2 / (1 + slope * slope));
    case Nonlinearity::selu:
      return 0.75;
  }
  fail("gain", "unknown nonlinearity ", static_cast<int>(nonlinearity));
}

Tensor kaiming_uniform(const Shape& shape, const KaimingOptions& options, Generator* generator) {
  return uniform_of(shape, kaiming_deviation("kaiming_uniform", shape, options), generator);
}

Tensor kaiming_normal(const Shape& shape, const KaimingOptions& options, Generator* generator) {
  const double deviation = kaiming_deviation("kaiming_normal", shape, options);
  return normal(shape, 0, deviation, generator_or_default(generator));
}

Tensor xavier_uniform(const Shape& shape, double gain, Generator* generator) {
  return uniform_of(shape, xavier_deviation("xavier_uniform", shape, gain), generator);
}

Tensor xavier_normal(const Shape& shape, double gain, Generator* generator) {
  const double deviation = xavier_deviation("xavier_normal", shape, gain);
  return normal(shape, 0, deviation, generator_or_default(generator));
}

}  // namespace plastic::nn
