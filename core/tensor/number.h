#pragma once

#include <cmath>

#include "plastic/core/dtype.h"
#include "plastic/core/number.h"

namespace plastic {

/// Throws Error for a number that `dtype` cannot hold.
void check_unusual_number(const char* op, const Number& number, DType dtype);

/// Throws Error naming `op` unless tensors of `dtype` can hold the number: integers a whole number
/// in their range; floating-point types any, rounded, unless it would become infinite by that.
inline void check_number(const char* op, const Number& number, DType dtype) {
  // What every floating-point type holds.
  const bool is_usual = is_floating_point(dtype) && std::abs(number.real()) < 0x1p120;
  if (!is_usual) check_unusual_number(op, number, dtype);
}

/// The number as an element that can hold it (see check_number()).
template <class T>
T number_as(const Number& number) {
  return number.is_integer() ? static_cast<T>(number.integer()) : static_cast<T>(number.real());
}

/// `value` as `dtype`, which is floating-point, holds it.
double rounded_to(DType dtype, double value);

}  // namespace plastic
