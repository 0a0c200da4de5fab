#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace plastic {

/// A term of a sum whose order is fixed, in postfix notation: the term is put on a stack, and then
/// its two topmost numbers are replaced by their sum, the lower one first, `joins` times.
struct AddedTerm {
  const float* values = nullptr;
  int joins = 0;
};

/// A device that has a kernel for sums of several arrays in a fixed order: a second base of its
/// Backend.
class OrderedSums {
 public:
  /// Terms at a time, and how high their stack may grow: a tree of as many leaves needs no more.
  static constexpr std::size_t max_terms = 32;
  static constexpr int max_height = 8;

  /// Writes the sum of `count` elements each to `out`, which may be one of the terms, in the
  /// device's memory. There is at least one term; one number is left on the stack.
  virtual void add_in_order(std::span<const AddedTerm> terms, std::int64_t count, float* out) = 0;

 protected:
  ~OrderedSums() = default;
};

}  // namespace plastic
