#pragma once

#include <algorithm>
#include <cstdint>

#include "optim/cpu_chunks.h"

namespace plastic::optim {

constexpr int line_elements = 16;

/// Asks for the cache line of element `at`, which may lie outside, in each array.
template <class... Array>
inline void prefetch(std::int64_t at, const Array*... arrays) {
#if defined(__GNUC__)
  (__builtin_prefetch(arrays + at), ...);
#else
  static_cast<void>(at), (static_cast<void>(arrays), ...);
#endif
}

/// What a pass over chunks in this order should ask for when it is at element i of a chunk of
/// `count`. The processor's own prefetching stops at the end of each page. Measured for Adam's rule
/// on 11 M elements, on an Intel Xeon (Emerald Rapids): 5.1 ms instead of 6.2.
inline std::int64_t ahead_of(std::int64_t i, std::int64_t count, Order order) {
  const std::int64_t at = i + 512;
  // The chunk before this one comes next.
  return order == Order::backwards && at >= count ? at - 2 * count : at;
}

/// Calls f(first, count) for the pieces of [0, total), a chunk in a pass over chunks in this order,
/// and before each ask(at) for the lines that the pass will read somewhat later.
template <class Ask, class F>
inline void for_pieces_ahead(std::int64_t total, Order order, Ask ask, F f) {
  // Long enough for a loop, and computed on while what was asked for arrives.
  constexpr std::int64_t piece = 4 * line_elements;
  for (std::int64_t first = 0; first < total; first += piece) {
    for (std::int64_t i = first; i < first + piece; i += line_elements) {
      ask(ahead_of(i, total, order));
    }
    f(first, std::min(piece, total - first));
  }
}

}  // namespace plastic::optim
