#pragma once

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <vector>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include "plastic/core/state_dict.h"
#include "plastic/core/tensor.h"

namespace plastic::test {

/// Whether the processor can be told to flush denormal numbers to zero.
#if defined(__SSE__) || defined(__aarch64__)
constexpr bool can_flush = true;
#else
constexpr bool can_flush = false;
#endif

/// The processor's control register without the flags of exceptions that were met.
inline unsigned float_control() {
#if defined(__SSE__)
  return _mm_getcsr() & ~0x3FU;
#else
  return static_cast<unsigned>(std::fegetround());
#endif
}

inline std::int64_t denormals_in(const Tensor& tensor) {
  if (tensor.dtype() != DType::f32) return 0;
  const std::vector<float> values = tensor.detach().to_vector<float>();
  return std::ranges::count_if(values, [](float x) { return std::fpclassify(x) == FP_SUBNORMAL; });
}

inline std::int64_t denormals_in(const StateDict& state) {
  std::int64_t count = 0;
  for (const NamedTensor& entry : state) count += denormals_in(entry.tensor);
  return count;
}

}  // namespace plastic::test
