#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

#include "plastic/core/link_check.h"

#pragma GCC visibility push(default)

namespace plastic {

/// A number passed to an operation: 3, -2.5F, std::int64_t{1} << 60. A number given as an integer
/// stays one, so that arithmetic with i64 tensors is exact, also beyond 2^53. It takes the dtype of
/// the tensor that it is combined with; what that dtype cannot hold is an Error: 0.5, 300 or -1 for
/// u8, 1e39 for f32 (PyTorch wraps or promotes some of these).
class Number {
 public:
  /// A whole number; one that does not fit into a signed 64-bit integer counts as a real one.
  template <std::integral T>
  constexpr Number(T value)
      : real_(static_cast<double>(value)),
        integer_(std::in_range<std::int64_t>(+value) ? static_cast<std::int64_t>(value) : 0),
        is_integer_(std::in_range<std::int64_t>(+value)) {}
  /// A real number, also where its value is whole.
  template <std::floating_point T>
  constexpr Number(T value) : real_(static_cast<double>(value)) {}

  /// Whether it was given as an integer that fits into a signed 64-bit one.
  constexpr bool is_integer() const { return is_integer_; }
  /// That integer. Requires is_integer().
  constexpr std::int64_t integer() const { return integer_; }
  /// Its value, rounded where an integer has more than 53 bits.
  constexpr double real() const { return real_; }

 private:
  double real_;
  std::int64_t integer_ = 0;
  bool is_integer_ = false;
};

/// All digits of an integer, else the shortest text that reads back as the number.
std::string to_string(const Number& number);

}  // namespace plastic

#pragma GCC visibility pop
