#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "plastic/core/host_device.h"

namespace plastic {

/// "Brain floating point": the upper 16 bits of an f32, which leaves its range and 8 bits of
/// precision. What DType::bf16 stores.
struct bfloat16 {
  std::uint16_t bits;

  bfloat16() = default;

  /// To the nearest, ties to even; what is too large becomes infinite, NaN stays NaN. By way of
  /// f32, as PyTorch does it: f64 and wide integers round twice.
  template <class T>
  requires std::is_arithmetic_v<T> PLASTIC_HOST_DEVICE explicit bfloat16(T value)
      : bits(rounded(static_cast<float>(value))) {}

  /// Exact.
  PLASTIC_HOST_DEVICE operator float() const {
    const std::uint32_t word = std::uint32_t{bits} << 16;
    float value;
    std::memcpy(&value, &word, sizeof(value));
    return value;
  }

 private:
  PLASTIC_HOST_DEVICE static std::uint16_t rounded(float value) {
    std::uint32_t word;
    std::memcpy(&word, &value, sizeof(word));
    // Rounding up could carry a NaN into infinity: it is made quiet instead.
    if (value != value) return static_cast<std::uint16_t>((word >> 16) | 0x40U);
    const std::uint32_t last_kept = (word >> 16) & 1U;
    return static_cast<std::uint16_t>((word + 0x7FFFU + last_kept) >> 16);
  }
};

static_assert(sizeof(bfloat16) == 2 && std::is_trivially_copyable_v<bfloat16>);

}  // namespace plastic
