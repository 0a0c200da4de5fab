#pragma once

#include <cmath>

#include "plastic/core/host_device.h"

// MinGW-w64's fma() rounds its product first, in one of four cases to another result.
#if defined(__MINGW32__) && !defined(__clang__) && !defined(__FMA__)
#define PLASTIC_ADDS_PRODUCTS 1
#include <bit>
#include <cstdint>
#endif

namespace plastic {

#ifdef PLASTIC_ADDS_PRODUCTS

__extension__ using Float128 = __float128;
__extension__ using Bits128 = unsigned __int128;

/// a·b + c in a type that holds the product exactly. What the sum loses is kept in its last bit,
/// which it makes odd: no number halfway between two of T is odd there, so that the sum can be
/// rounded a second time. Boldo and Melquiond, IEEE Transactions on Computers 57, 2008.
template <class T, class Wide, class Bits>
T rounded_sum(T a, T b, T c) {
  const Wide product = static_cast<Wide>(a) * static_cast<Wide>(b);
  const Wide sum = product + static_cast<Wide>(c);
  const Wide added = sum - product;
  const Wide lost = (product - (sum - added)) + (static_cast<Wide>(c) - added);
  auto bits = std::bit_cast<Bits>(sum);
  // Not for a sum that is not finite: NaN was lost then.
  const bool is_inexact = lost > 0 || lost < 0;
  if (is_inexact && (bits & 1U) == 0) bits += (lost > 0) == (sum > 0) ? Bits{1} : ~Bits{0};
  return static_cast<T>(std::bit_cast<Wide>(bits));
}

inline float fused_product(float a, float b, float c) {
  return rounded_sum<float, double, std::uint64_t>(a, b, c);
}
inline double fused_product(double a, double b, double c) {
  return rounded_sum<double, Float128, Bits128>(a, b, c);
}

#else

/// a·b + c, rounded once on every machine.
template <class T>
PLASTIC_HOST_DEVICE T fused_product(T a, T b, T c) {
  return std::fma(a, b, c);
}

#endif

}  // namespace plastic
