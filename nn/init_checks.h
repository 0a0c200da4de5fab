#pragma once

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "plastic/core/random.h"
#include "plastic/core/shape.h"

namespace plastic::nn {

inline Generator& generator_or_default(Generator* generator) {
  return generator != nullptr ? *generator : default_generator();
}

inline void check_sizes(const char* op, const Shape& shape) {
  if (std::any_of(shape.begin(), shape.end(), [](std::int64_t size) { return size < 1; })) {
    fail(op, "sizes must be at least 1, got ", to_string(shape));
  }
}

inline void check_gain(const char* op, double gain) {
  if (!std::isfinite(gain)) fail(op, "gain is ", gain, "; it must be a number");
}

}  // namespace plastic::nn
