#pragma once

#include <sstream>
#include <string>

#include "plastic/core/error.h"

namespace plastic {

/// Throws Error with "[op] " and the parts, printed one after the other.
template <class... Parts>
[[noreturn]] void fail(const char* op, const Parts&... parts) {
  std::ostringstream message;
  message << '[' << op << "] ";
  (message << ... << parts);
  throw Error(message.str());
}

}  // namespace plastic
