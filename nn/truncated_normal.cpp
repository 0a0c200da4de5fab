#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/check.h"
#include "nn/init_checks.h"
#include "plastic/core/tensor.h"
#include "plastic/nn/init.h"

namespace plastic::nn {
namespace {

/// Φ
double normal_distribution(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

/// erf⁻¹(y), |y| < 1: Winitzki's approximation (2008), good to 0.2%, then Newton.
double inverse_erf(double y) {
  constexpr double a = 0.147;
  const double tail = std::log1p(-y * y);
  const double half = 2 / (std::numbers::pi * a) + tail / 2;
  double x = std::copysign(std::sqrt(std::sqrt(half * half - tail / a) - half), y);
  for (int i = 0; i < 3; ++i) {
    x -= (std::erf(x) - y) * std::sqrt(std::numbers::pi) / 2 * std::exp(x * x);
  }
  return x;
}

}  // namespace

Tensor truncated_normal(const Shape& shape, const TruncatedNormalOptions& options,
                        Generator* generator) {
  constexpr const char* op = "truncated_normal";
  const auto& [mean, deviation, low, high] = options;
  check_sizes(op, shape);
  if (!(std::isfinite(mean) && std::isfinite(deviation) && deviation > 0)) {
    fail(op, "mean is ", mean, " and deviation ", deviation,
         "; they must be numbers, the second above 0");
  }
  if (!(low < high)) fail(op, "low is ", low, " and high ", high, "; low must be below high");
  constexpr double reach = 7;
  const double from = (low - mean) / deviation;
  const double to = (high - mean) / deviation;
  if (from > reach || to < -reach) {
    fail(op, "[", low, ", ", high, "] lies more than ", reach, " deviations from the mean ", mean,
         "; move the bounds or the mean");
  }
  // 2Φ - 1 of the bounds; at ±1 the inverse is infinite.
  constexpr double most = 1 - 1e-15;
  const double first = 2 * normal_distribution(from) - 1;
  const double last = 2 * normal_distribution(to) - 1;
  Tensor draws = uniform(shape, first, last, generator_or_default(generator), DType::f64);
  Tensor out = Tensor::empty(shape);
  const double* y = draws.data<double>();
  float* x = out.mutable_data<float>();
  for (std::int64_t i = 0; i < shape.numel(); ++i) {
    const double unit = std::numbers::sqrt2 * inverse_erf(std::clamp(y[i], -most, most));
    x[i] = static_cast<float>(std::clamp(mean + deviation * unit, low, high));
  }
  return out;
}

}  // namespace plastic::nn
