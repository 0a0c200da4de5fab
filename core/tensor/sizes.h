#pragma once

#include <cstdint>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/check.h"
#include "plastic/core/shape.h"

namespace plastic {

// Sizes come from users and files: what is computed from them is checked before anything is sized
// by it.

/// The product of the sizes; nothing where one is negative or the product of those that are not 0
/// is beyond 64 bits. (Strides and parts of the shape multiply them too, so that an axis of size 0
/// does not excuse the others.)
std::optional<std::int64_t> element_count(const Shape& shape);

/// a + b and a · b. Throws Error naming `op` where 64 bits cannot hold the result.
std::int64_t checked_add(const char* op, std::int64_t a, std::int64_t b);
std::int64_t checked_multiply(const char* op, std::int64_t a, std::int64_t b);

/// Makes room for `count` elements. Throws Error naming `op` and the bytes when memory runs out.
template <class T, class Allocator>
void reserve(const char* op, std::vector<T, Allocator>& values, std::int64_t count) {
  try {
    // Beyond all sizes where memory is addressed with 32 bits.
    if (std::cmp_greater(count, values.max_size())) throw std::bad_alloc();
    values.reserve(static_cast<std::size_t>(count));
  } catch (const std::bad_alloc&) {
    fail(op, "out of memory: asked for ", count, " times ", sizeof(T), " bytes");
  } catch (const std::length_error&) {
    fail(op, "out of memory: asked for ", count, " times ", sizeof(T), " bytes");
  }
}

}  // namespace plastic
