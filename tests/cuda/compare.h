#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "plastic/core/tensor.h"

namespace plastic::test {

/// The largest |a - b| / (1 + |b|) of two tensors of one shape, on any devices; infinite where one
/// alone has a NaN or an infinity.
inline double worst_difference(const Tensor& a, const Tensor& b) {
  const std::vector<double> x = a.detach().to(DType::f64).to_vector<double>();
  const std::vector<double> y = b.detach().to(DType::f64).to_vector<double>();
  if (a.shape() != b.shape()) return INFINITY;
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) continue;
    const double difference = std::abs(x[i] - y[i]) / (1 + std::abs(y[i]));
    if (!(difference <= worst)) worst = std::isnan(difference) ? INFINITY : difference;
  }
  return worst;
}

/// Whether two tensors have one shape, one dtype and the same numbers, NaN where the other has NaN.
/// They are compared on the host.
inline bool are_same(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  const Tensor x = a.detach().to(Device{});
  const Tensor y = b.detach().to(Device{});
  // Not all of them are an f64.
  if (a.dtype() == DType::i64) return x.to_vector<std::int64_t>() == y.to_vector<std::int64_t>();
  return worst_difference(x, y) == 0;
}

}  // namespace plastic::test
