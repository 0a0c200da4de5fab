#pragma once

#include <charconv>
#include <concepts>

namespace plastic {

/// What std::from_chars(begin, end, value) does, also where the standard library has it for whole
/// numbers alone, as that of clang does before version 20.
std::from_chars_result number_from_chars(const char* begin, const char* end, double& value);
template <std::integral T>
std::from_chars_result number_from_chars(const char* begin, const char* end, T& value) {
  return std::from_chars(begin, end, value);
}

}  // namespace plastic
