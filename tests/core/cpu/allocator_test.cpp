#include "core/cpu/allocator.h"

#include <doctest/doctest.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

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
namespace {

/// Whether huge pages are asked for where `address` is, as far as the system says so.
bool is_asked_for(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/smaps");
  bool is_there = false;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream text(line);
    std::uintptr_t first = 0;
    std::uintptr_t last = 0;
    char dash = 0;
    if (text >> std::hex >> first >> dash >> last && dash == '-') {
      is_there = first <= wanted && wanted < last;
    } else if (is_there && line.starts_with("VmFlags:")) {
      return (line + ' ').find(" hg ") != std::string::npos;
    }
  }
  return false;
}

/// Whether pages that a program asks to be huge ones show it: there may be none, and an emulator of
/// another processor keeps what it is asked to itself.
bool shows_what_is_asked_for() {
#if defined(MADV_HUGEPAGE) && !defined(PLASTIC_POISONS)
  constexpr std::size_t bytes = std::size_t{4} << 20;
  void* const pages =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(pages != MAP_FAILED);
  const bool shows = madvise(pages, bytes, MADV_HUGEPAGE) == 0 && is_asked_for(pages);
  munmap(pages, bytes);
  return shows;
#else
  return false;
#endif
}

}  // namespace

TEST_CASE("core.allocator.asks_for_huge_pages") {
  if (!shows_what_is_asked_for()) {
    MESSAGE("skipped: no huge pages here");
    return;
  }
  constexpr std::size_t bytes = std::size_t{40} << 20;
  void* const block = allocate(bytes);
  CHECK(reinterpret_cast<std::uintptr_t>(block) % (std::size_t{2} << 20) == 0);
  CHECK(is_asked_for(block));
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
