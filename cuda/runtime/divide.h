#pragma once

#include <cstdint>

#include "plastic/core/host_device.h"

namespace plastic::cuda {

/// Numbers that Divisor divides lie below this.
constexpr std::int64_t narrow_limit = std::int64_t{1} << 31;

/// Division by a constant, of numbers and by numbers below 2³¹, as a product and a shift (Granlund
/// and Montgomery, "Division by invariant integers using multiplication", PLDI 1994).
struct Divisor {
  std::uint32_t divisor = 1;
  std::uint32_t multiplier = 1;
  std::uint32_t shift = 0;

  Divisor() = default;
  explicit Divisor(std::uint32_t d) : divisor(d) {
    while ((std::uint64_t{1} << shift) < d) ++shift;
    const std::uint64_t above = (std::uint64_t{1} << shift) - d;
    multiplier = static_cast<std::uint32_t>((above << 32) / d + 1);
  }

  PLASTIC_HOST_DEVICE std::uint32_t divide(std::uint32_t n) const {
    const auto high = static_cast<std::uint32_t>((std::uint64_t{n} * multiplier) >> 32);
    return (high + n) >> shift;
  }
};

/// The same for numbers of any size up to some largest one: slow only where that is large.
struct WideDivisor {
  std::int64_t divisor = 1;
  Divisor narrow;
  bool is_narrow = true;

  WideDivisor() = default;
  /// 1 <= d; what is divided is at most `largest`.
  WideDivisor(std::int64_t d, std::int64_t largest)
      : divisor(d), is_narrow(d < narrow_limit && largest < narrow_limit) {
    if (is_narrow) narrow = Divisor(static_cast<std::uint32_t>(d));
  }

  PLASTIC_HOST_DEVICE std::int64_t divide(std::int64_t n) const {
    return is_narrow ? narrow.divide(static_cast<std::uint32_t>(n)) : n / divisor;
  }
};

}  // namespace plastic::cuda
