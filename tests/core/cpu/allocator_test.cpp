#include "core/cpu/allocator.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "core/cpu/poison.h"

using plastic::cpu::allocate;
using plastic::cpu::deallocate;

TEST_CASE("core.allocator.aligned-blocks-that-come-again") {
  for (const std::size_t bytes : {1U, 63U, 64U, 65U, 257U, 1000U, 100001U}) {
    CAPTURE(bytes);
    void* block = allocate(bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(block) % 64 == 0);
    std::memset(block, 1, bytes);
    deallocate(block, bytes);
    void* again = allocate(bytes);
    CHECK(again == block);
    std::memset(again, 2, bytes);
    deallocate(again, bytes);
  }
  CHECK(allocate(0) == nullptr);
}

TEST_CASE("core.allocator.sanitizer-sees-ends-and-freed-blocks") {
#ifdef PLASTIC_POISONS
  auto* block = static_cast<std::byte*>(allocate(1001));
  CHECK(__asan_region_is_poisoned(block, 1001) == nullptr);
  CHECK(__asan_address_is_poisoned(block + 1001));
  deallocate(block, 1001);
  CHECK(__asan_address_is_poisoned(block));
  CHECK(__asan_address_is_poisoned(block + 1000));
#else
  MESSAGE("skipped: this build has no AddressSanitizer");
#endif
}
