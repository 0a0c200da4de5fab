#pragma once

#include <cmath>
#include <vector>

#include "plastic/core/tensor.h"

namespace plastic::test {

/// Whether two tensors, on any devices, have one shape and dtype and the same numbers: NaN where
/// the other has NaN.
inline bool same(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  const Tensor x = a.detach().to(Device{});
  const Tensor y = b.detach().to(Device{});
  if (a.dtype() == DType::i64) {
    return x.to_vector<std::int64_t>() == y.to_vector<std::int64_t>();
  }
  const std::vector<double> left = x.to(DType::f64).to_vector<double>();
  const std::vector<double> right = y.to(DType::f64).to_vector<double>();
  for (std::size_t i = 0; i < left.size(); ++i) {
    const bool are_nan = std::isnan(left[i]) && std::isnan(right[i]);
    if (left[i] != right[i] && !are_nan) return false;
  }
  return true;
}

}  // namespace plastic::test
