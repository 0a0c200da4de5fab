#include "plastic/nn/init.h"

#include <cmath>

#include "core/check.h"

namespace plastic::nn {

Tensor fan_in_uniform(const Shape& shape, std::int64_t fan_in, Generator* generator) {
  if (fan_in < 1) fail("fan_in_uniform", "fan_in must be at least 1, got ", fan_in);
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  return uniform(shape, -bound, bound, generator != nullptr ? *generator : default_generator());
}

}  // namespace plastic::nn
