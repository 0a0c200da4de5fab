#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define PLASTIC_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PLASTIC_POISONS 1
#endif
#endif

#ifdef PLASTIC_POISONS
#include <sanitizer/asan_interface.h>
#endif

// What tells AddressSanitizer, in builds that have it, which bytes of a block that we keep are
// nobody's. Without this, a read beyond a tensor that stays within its block goes unseen.

namespace plastic::cpu {

inline void poison([[maybe_unused]] void* from, [[maybe_unused]] std::size_t bytes) {
#ifdef PLASTIC_POISONS
  __asan_poison_memory_region(from, bytes);
#endif
}

inline void unpoison([[maybe_unused]] void* from, [[maybe_unused]] std::size_t bytes) {
#ifdef PLASTIC_POISONS
  __asan_unpoison_memory_region(from, bytes);
#endif
}

}  // namespace plastic::cpu
