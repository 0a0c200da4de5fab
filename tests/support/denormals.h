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

// Whether the processor can be told to flush denormal numbers to zero; its control register without
// the flags of exceptions that were met; and what a program sets there that was linked with
// -ffast-math.
#if defined(__SSE__)
constexpr bool can_flush = true;
constexpr unsigned fast_math_bits = 0x8040U;
inline unsigned float_control() { return _mm_getcsr() & ~0x3FU; }
inline void set_float_control(unsigned bits) { _mm_setcsr(bits); }
#elif defined(__aarch64__)
constexpr bool can_flush = true;
constexpr unsigned fast_math_bits = 1U << 24;
inline unsigned float_control() {
  std::uint64_t bits = 0;
  __asm__ volatile("mrs %0, fpcr" : "=r"(bits));
  return static_cast<unsigned>(bits);
}
inline void set_float_control(unsigned bits) {
  __asm__ volatile("msr fpcr, %0" : : "r"(std::uint64_t{bits}));
}
#else
constexpr bool can_flush = false;
constexpr unsigned fast_math_bits = 0;
inline unsigned float_control() { return static_cast<unsigned>(std::fegetround()); }
inline void set_float_control(unsigned) {}
#endif

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
