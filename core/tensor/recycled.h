#pragma once

#include <memory>
#include <utility>

#include "plastic/core/recycled.h"

namespace plastic {

/// make_shared() in recycled memory.
template <class T, class... Arguments>
std::shared_ptr<T> make_recycled(Arguments&&... arguments) {
  return std::allocate_shared<T>(Recycled<T>(), std::forward<Arguments>(arguments)...);
}

/// Returns what this thread keeps to the heap.
void free_recycled();

}  // namespace plastic
