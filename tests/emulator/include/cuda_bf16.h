#pragma once

#include <bit>
#include <cstdint>

/// NVIDIA's bfloat16: the upper half of a float.
struct __nv_bfloat16 {
  std::uint16_t bits;
};

inline float __bfloat162float(__nv_bfloat16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

/// To nearest, ties to even; NaN stays NaN.
inline __nv_bfloat16 __float2bfloat16(float value) {
  const auto word = std::bit_cast<std::uint32_t>(value);
  if ((word & 0x7FFFFFFFU) > 0x7F800000U) return {0x7FFF};
  const std::uint32_t rounding = 0x7FFFU + ((word >> 16) & 1U);
  return {static_cast<std::uint16_t>((word + rounding) >> 16)};
}
