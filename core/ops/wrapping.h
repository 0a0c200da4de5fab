#pragma once

#include <type_traits>

#include "plastic/core/host_device.h"

namespace plastic::rules {

/// Compilers warn of unsigned numbers that are compared with 0.
template <class T>
PLASTIC_HOST_DEVICE bool is_negative(T x) {
  if constexpr (std::is_unsigned_v<T>) {
    return false;
  } else {
    return x < T{0};
  }
}

/// A number to compute with: integers wrap around, which C++ promises of those without a sign.
template <class T>
PLASTIC_HOST_DEVICE auto wrapping(T x) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<std::make_unsigned_t<T>>(x);
  } else {
    return x;
  }
}

}  // namespace plastic::rules
