#pragma once

#include <string>

#include "core/text.h"
#include "plastic/core/error.h"

namespace plastic {

/// Throws Error with "[op] " and the parts, printed one after the other.
template <class... Parts>
[[noreturn]] void fail(const char* op, const Parts&... parts) {
  throw Error(text_of('[', op, "] ", parts...));
}

}  // namespace plastic
