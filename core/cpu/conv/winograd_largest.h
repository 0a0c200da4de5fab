#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/cpu/vector.h"

namespace plastic::cpu {

/// From here on, transforms may overflow.
template <class T>
constexpr T huge = static_cast<T>(1e15);

/// The largest magnitude among a tile's transformed pixels, at low cost: nine of them are looked
/// at. Each pixel goes into at least one of these with a factor of at least 1, so that one which is
/// far larger than all others is noticed. Compared as integers, infinities and NaN are larger than
/// all numbers.
template <class T>
class LargestTransformed {
 public:
  template <int size>
  void add(const Vector<T> (&tile)[size][size]) {
    for (int i = 0; i < size; ++i) add_row(i, tile[i]);
  }
  /// The same row by row.
  template <int size>
  void add_row(int i, const Vector<T> (&row)[size]) {
    if (i != 0 && i != 1 && i != size - 1) return;
    for (const int j : {0, 1, size - 1}) {
      const Bits bits = reinterpret_cast<Bits>(row[j]) & std::numeric_limits<Bit>::max();
      largest_ = bits > largest_ ? bits : largest_;
    }
  }
  /// `limit` is not negative.
  bool exceeds(T limit) const {
    Bit largest = 0;
    for (std::int64_t i = 0; i < vector_width<T>; ++i)
      largest = std::max<Bit>(largest, largest_[i]);
    return largest > std::bit_cast<Bit>(limit);
  }

 private:
  using Bit = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  typedef Bit Bits __attribute__((vector_size(vector_bytes)));

  Bits largest_ = {};
};

}  // namespace plastic::cpu
