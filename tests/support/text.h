#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

#include "plastic/core/error.h"

namespace plastic::test {

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Whether `text` has all of `parts` in it.
inline bool contains(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::all_of(parts, [text](std::string_view part) { return contains(text, part); });
}

/// The message of the Error that `action` throws, or "no error".
template <class Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace plastic::test
