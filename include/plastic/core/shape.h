#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "plastic/core/link_check.h"

#pragma GCC visibility push(default)

namespace plastic {

/// Up to eight integers held in place: the sizes of a tensor, its strides, or a list of axes.
class Shape {
 public:
  /// How many it can hold.
  static constexpr std::size_t max_rank = 8;

  Shape() = default;
  /// Throws Error for more than max_rank values.
  Shape(std::initializer_list<std::int64_t> values);
  /// The same for values elsewhere.
  explicit Shape(std::span<const std::int64_t> values);
  /// `rank` copies of `value`.
  static Shape filled(std::size_t rank, std::int64_t value);

  /// How many there are.
  std::size_t rank() const { return rank_; }
  /// Whether there are none.
  bool empty() const { return rank_ == 0; }
  /// Value i, to write to; i must be less than rank().
  std::int64_t& operator[](std::size_t i) { return values_[i]; }
  /// Value i, which must be less than rank().
  std::int64_t operator[](std::size_t i) const { return values_[i]; }
  /// The last value. There must be one.
  std::int64_t back() const { return values_[rank_ - 1]; }

  /// The values, in order.
  const std::int64_t* begin() const { return values_.data(); }
  /// Past the last.
  const std::int64_t* end() const { return values_.data() + rank_; }

  /// Appends a value. Throws Error past max_rank.
  void push_back(std::int64_t value);
  /// Removes value i, which must be less than rank().
  void erase(std::size_t i);
  /// Puts a value before value i, which is at most rank(). Throws Error past max_rank.
  void insert(std::size_t i, std::int64_t value);

  /// Product of the sizes; 1 for rank 0. Throws Error when one is negative, or when the product of
  /// those that are not 0 exceeds 64 bits.
  std::int64_t numel() const;

  /// Whether both have the same values.
  bool operator==(const Shape& other) const;

 private:
  std::array<std::int64_t, max_rank> values_{};
  std::size_t rank_ = 0;
};

/// "(128, 784)"; "()" for rank 0.
std::string to_string(const Shape& shape);

/// Strides, counted in elements, of a row-major tensor without gaps.
Shape contiguous_strides(const Shape& shape);

/// The shape that `a` and `b` broadcast to by NumPy's rule. Throws Error naming `op` and both
/// shapes.
Shape broadcast_shapes(const char* op, const Shape& a, const Shape& b);

}  // namespace plastic

#pragma GCC visibility pop
