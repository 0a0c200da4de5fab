#pragma once

#include <cstddef>

#include "plastic/core/link_check.h"

#pragma GCC visibility push(default)

namespace plastic {

/// @file
/// Memory for the small objects behind tensors and recorded operations, which every step makes and
/// destroys again. Each thread keeps what it frees, up to a bound, for what it makes next: no lock,
/// no heap. empty_cache() returns what its own thread keeps.

/// Aligned for any object without extended alignment. Throws std::bad_alloc.
void* take_recycled(std::size_t bytes);
/// `bytes` as it was taken; any thread may give it back.
void give_recycled(void* memory, std::size_t bytes) noexcept;

/// The allocator of the standard library's containers and pointers for such objects.
template <class T>
struct Recycled {
  /// What it allocates.
  using value_type = T;

  Recycled() = default;
  /// All of them share one memory, whatever the type.
  template <class U>
  Recycled(const Recycled<U>&) noexcept {}

  /// Memory for `count` objects. Throws std::bad_alloc.
  T* allocate(std::size_t count) {
    static_assert(alignof(T) <= alignof(std::max_align_t));
    return static_cast<T*>(take_recycled(count * sizeof(T)));
  }
  /// Gives it back.
  void deallocate(T* memory, std::size_t count) noexcept {
    give_recycled(memory, count * sizeof(T));
  }

  /// Always: what one has allocated, any other may give back.
  friend bool operator==(const Recycled&, const Recycled&) { return true; }
};

}  // namespace plastic

#pragma GCC visibility pop
