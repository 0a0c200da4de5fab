#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "plastic/core/error.h"
#include "plastic/core/tensor.h"
#include "tests/support/text.h"

namespace plastic::test {

/// Fixed numbers in (-0.1, 0.1), different for each seed.
inline std::vector<float> numbers(std::int64_t count, int seed) {
  std::vector<float> out;
  for (std::int64_t i = 0; i < count; ++i) {
    out.push_back(static_cast<float>(0.1 * std::sin(1.7 * static_cast<double>(i) + seed)));
  }
  return out;
}

inline Tensor parameter(const Shape& shape, int seed) {
  return Tensor::from<float>(numbers(shape.numel(), seed), shape).set_requires_grad();
}

inline void set_gradients(std::vector<Tensor>& parameters, int seed) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Shape& shape = parameters[i].shape();
    const auto values = numbers(shape.numel(), seed + static_cast<int>(i));
    parameters[i].set_grad(Tensor::from<float>(values, shape));
  }
}

inline std::vector<std::vector<float>> values_of(const std::vector<Tensor>& parameters) {
  std::vector<std::vector<float>> out;
  for (const Tensor& tensor : parameters) out.push_back(tensor.to_vector<float>());
  return out;
}

}  // namespace plastic::test
