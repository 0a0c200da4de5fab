#pragma once

#include <cstdint>

namespace plastic::cpu {

/// Adds the bias, if there is one, to a row of sums, and then rectifies it if asked to. NaN stays.
template <class T>
void finish_row(const T* bias, bool relu, std::int64_t count, T* y) {
  if (bias != nullptr) {
    for (std::int64_t j = 0; j < count; ++j) y[j] += bias[j];
  }
  if (relu) {
    for (std::int64_t j = 0; j < count; ++j) y[j] = y[j] < 0 ? T{0} : y[j];
  }
}

}  // namespace plastic::cpu
