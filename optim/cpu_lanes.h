#pragma once

#include <cstdint>

namespace plastic::optim {

/// Calls f(i, lane) for i in [0, count), lane = i % lanes, in the shape that compilers turn into
/// vectors when f adds to one partial sum for each lane. Before each full round of lanes, from i
/// on, it calls before(i).
template <int lanes, class Before, class F>
inline void for_lanes(std::int64_t count, Before before, F f) {
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    before(i);
    for (int lane = 0; lane < lanes; ++lane) f(i + lane, lane);
  }
  for (int lane = 0; i + lane < count; ++lane) f(i + lane, lane);
}

template <int lanes, class F>
inline void for_lanes(std::int64_t count, F f) {
  for_lanes<lanes>(
      count, [](std::int64_t) {}, f);
}

/// The partial sums together.
template <class T, int lanes>
double total(const T (&sums)[lanes]) {
  double out = 0;
  for (const T sum : sums) out += static_cast<double>(sum);
  return out;
}

}  // namespace plastic::optim
