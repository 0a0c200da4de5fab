#pragma once

#include <stdexcept>
#include <string>

#include "plastic/core/link_check.h"

#pragma GCC visibility push(default)

namespace plastic {

/// Every failure that Plastic reports. The message reads
/// `[operation] what was wrong: the values; what to do`.
class Error : public std::runtime_error {
 public:
  /// `message` is the whole text, as what() returns it.
  explicit Error(const std::string& message) : std::runtime_error(message) {}
};

}  // namespace plastic

#pragma GCC visibility pop
