#include "core/cpu/allocator.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <string>

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

#ifdef __linux__
TEST_CASE("core.allocator.asks_for_huge_pages") {
  // Missing where the system knows none.
  std::ifstream settings("/sys/kernel/mm/transparent_hugepage/enabled");
  std::ifstream maps("/proc/self/smaps");
#ifdef PLASTIC_POISONS
  settings.close();
#endif
  if (!settings.is_open() || !maps.is_open()) {
    MESSAGE("skipped: no huge pages here");
    return;
  }
  constexpr std::size_t bytes = std::size_t{40} << 20;
  void* const block = allocate(bytes);
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  CHECK(address % (std::size_t{2} << 20) == 0);
  bool is_ours = false;
  bool is_asked_for = false;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream text(line);
    std::uintptr_t first = 0;
    std::uintptr_t last = 0;
    char dash = 0;
    if (text >> std::hex >> first >> dash >> last && dash == '-') {
      is_ours = first <= address && address < last;
    } else if (is_ours && line.starts_with("VmFlags:")) {
      is_asked_for = (line + ' ').find(" hg ") != std::string::npos;
    }
  }
  CHECK(is_asked_for);
  deallocate(block, bytes);
}
#endif

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
