#pragma once

#include <cstddef>
#include <cstdint>

namespace plastic::cpu {

/// Adds numbers pairwise: of every power of two terms there is at most one sum, and two of a size
/// become one of the next, as digits of a binary counter do. The rounding error grows with the
/// logarithm of the number of terms, and the order depends on that number alone.
template <class Sum>
class CascadeSum {
 public:
  void add(Sum value) {
    std::size_t level = 0;
    for (std::uint64_t full = count_; (full & 1) != 0; full >>= 1) value += sums_[level++];
    sums_[level] = value;
    ++count_;
  }

  Sum total() const {
    Sum sum{};
    for (std::size_t level = 0; count_ >> level != 0; ++level) {
      if ((count_ >> level & 1) != 0) sum += sums_[level];
    }
    return sum;
  }

 private:
  static constexpr std::size_t levels = 63;
  std::uint64_t count_ = 0;
  Sum sums_[levels];
};

}  // namespace plastic::cpu
