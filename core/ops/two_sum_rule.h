#pragma once

#include <cmath>

#include "plastic/core/host_device.h"

namespace plastic::rules {

/// A sum and what its additions rounded away, each found exactly (Knuth, TAOCP 2, 4.2.2, theorem
/// B). The error does not grow with the number of terms.
template <class T>
struct TwoSum {
  T sum = 0, rest = 0;

  PLASTIC_HOST_DEVICE void add(T x) {
    const T before = sum;
    sum += x;
    const T added = sum - before;
    rest += (before - (sum - added)) + (x - added);
  }
  /// Where the sum is not finite, neither is the rest, and means nothing. A rest of 0 would take
  /// the sign of -0.
  PLASTIC_HOST_DEVICE T total() const { return rest - rest == 0 && rest != 0 ? sum + rest : sum; }
};

}  // namespace plastic::rules
