#include "plastic/core/memory.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "core/cpu/allocator.h"
#include "core/device/recent_peak.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "tests/support/child.h"
#include "tests/support/limits.h"

namespace plastic {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

/// A tensor of so many MiB whose memory nobody has touched.
Tensor empty_of(std::size_t size) {
  return Tensor::empty({static_cast<std::int64_t>(size * mib / 4)});
}

/// What the process has of the machine's memory; 0 where only another system than Linux knows it.
std::size_t resident() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib << 10U;
  }
  return 0;
}

/// Makes what earlier tests had in use long ago, then gives back what they left.
void start_from_little() {
  for (int i = 0; i < 3; ++i) {
    for (std::size_t handed_out = 0;
         handed_out < 16 * (memory_use().cached + memory_use().in_use);) {
      handed_out += 64 * mib;
      empty_of(64);
    }
  }
  empty_cache();
}

class CacheLimit {
 public:
  explicit CacheLimit(std::size_t bytes) { set_cache_limit(bytes); }
  ~CacheLimit() { set_cache_limit(SIZE_MAX); }
};

TEST_CASE("core.memory.use_is_counted") {
  empty_cache();
  const MemoryUse before = memory_use();
  CHECK(before.cached == 0);
  {
    const Tensor kept = empty_of(8);
    CHECK(memory_use().in_use == before.in_use + 8 * mib);
  }
  CHECK(memory_use().in_use == before.in_use);
  CHECK(memory_use().cached == 8 * mib);
  CHECK_THROWS_WITH_AS(memory_use({DeviceType::cuda, 99}), doctest::Contains("is not available"),
                       Error);
}

TEST_CASE("core.memory.empty_cache_gives_everything_back") {
  const Tensor kept = Tensor::full({1000}, 3);
  const std::size_t before = resident();
  {
    const Tensor large = Tensor::zeros({64 << 18});
    std::vector<Tensor> small;
    for (int i = 0; i < 50000; ++i) small.push_back(Tensor::zeros({256}));
  }
  CHECK(memory_use().cached >= 100 * mib);
  empty_cache();
  CHECK(memory_use().cached == 0);
  CHECK(sum(kept).item() == 3000);
  // Sanitizers keep what is freed for a while.
  if (!test::is_sanitized()) CHECK(resident() < before + 40 * mib);
}

TEST_CASE("core.memory.limit") {
  {
    const CacheLimit limit(10 * mib);
    CHECK(cache_limit() == 10 * mib);
    std::vector<Tensor> tensors;
    for (int i = 0; i < 8; ++i) tensors.push_back(empty_of(4));
    tensors.clear();
    CHECK(memory_use().cached == 8 * mib);
    empty_of(11);
    CHECK(memory_use().cached == 8 * mib);
    set_cache_limit(4 * mib);
    CHECK(memory_use().cached == 4 * mib);
    set_cache_limit(0);
    Tensor::ones({10});
    CHECK(memory_use().cached == 0);
  }
  CHECK(cache_limit() == SIZE_MAX);
  empty_of(11);
  CHECK(memory_use().cached == 11 * mib + mib);
}

TEST_CASE("core.memory.other_sizes_do_not_add_up") {
  start_from_little();
  const std::size_t before = memory_use().in_use;
  const auto held = [&] { return memory_use().in_use + memory_use().cached - before; };
  std::size_t largest = 0;
  for (std::size_t size = 16; size <= 256; size += 16) {
    empty_of(size);
    largest = std::max(largest, held());
  }
  CHECK(largest <= 392 * mib);
  for (std::size_t size = 256; size >= 16; size -= 16) empty_of(size);
  CHECK(held() <= 392 * mib);
  // What is made of another block's memory is whole.
  for (const std::size_t size : {100U, 40U, 90U}) {
    Tensor x = empty_of(size);
    x.fill_(2);
    CHECK(sum(x).item() == static_cast<double>(2 * x.numel()));
  }
}

TEST_CASE("core.memory.what_is_long_unused_is_given_back") {
  start_from_little();
  const std::size_t before = memory_use().in_use;
  empty_of(256);
  CHECK(memory_use().cached >= 256 * mib);
  // Without asking the system for anything more.
  empty_of(16);
  const std::int64_t blocks = cpu::blocks_from_system();
  for (std::size_t handed_out = 0; handed_out <= 16 * 272; handed_out += 16) empty_of(16);
  CHECK(cpu::blocks_from_system() == blocks);
  CHECK(memory_use().cached <= 64 * mib);
  CHECK(memory_use().in_use == before);
}

TEST_CASE("core.memory.recent_peak") {
  RecentPeak peak;
  CHECK(peak.bytes() == 0);
  CHECK(peak.add(100 * mib, 100 * mib) == false);
  int periods = 0;
  std::size_t handed_out = 0;
  while (peak.bytes() == 100 * mib) {
    if (peak.add(mib, 10 * mib)) ++periods;
    handed_out += mib;
  }
  CHECK(peak.bytes() == 10 * mib);
  CHECK(periods == 2);
  CHECK(handed_out > 8 * 100 * mib);
  CHECK(handed_out < 17 * 100 * mib);
  CHECK(worth_holding(0) == 32 * mib);
  CHECK(worth_holding(1000 * mib) == 1500 * mib);
}

TEST_CASE("core.memory.sizes_beyond_all_memory_are_errors") {
  const MemoryUse before = memory_use();
  std::vector<std::size_t> sizes = {SIZE_MAX, SIZE_MAX - 100, SIZE_MAX / 2, SIZE_MAX / 2 + 2};
  // Where sizes have 32 bits, the allocator has memory for these.
  if (sizeof(std::size_t) > 4) {
    for (const unsigned bits : {4U, 14U}) sizes.push_back((SIZE_MAX >> bits) + 1);
    sizes.push_back(SIZE_MAX / 4);
  }
  for (const std::size_t bytes : sizes) {
    CAPTURE(bytes);
    CHECK_THROWS_WITH_AS(cpu::allocate(bytes), doctest::Contains("[allocate] out of memory"),
                         Error);
  }
  CHECK(memory_use().in_use == before.in_use);
  // They do not count as having been in use.
  empty_of(256);
  for (int i = 0; i <= 20; ++i) empty_of(240);
  CHECK(memory_use().cached <= 400 * mib);
}

#ifndef _WIN32
TEST_CASE("core.memory.out_of_memory_empties_the_cache_first") {
  if (!test::can_limit_memory()) {
    MESSAGE("skipped: sanitizers need the address space, and emulators set no limit to it");
    return;
  }
  CHECK(test::in_child([] {
          {
            std::vector<Tensor> tensors;
            for (int i = 0; i < 30; ++i) tensors.push_back(empty_of(10));
          }
          if (memory_use().cached < 300 * mib) return 5;
          test::limit_more_memory(32 * mib);
          const Tensor large = empty_of(256);
          return memory_use().cached == 0 ? 0 : 7;
        }) == 0);
}
#endif

TEST_CASE("core.memory.any_thread_takes_and_gives") {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      for (int k = 0; k < 300; ++k) {
        const Tensor x = Tensor::full({(i + 1) * 1000 + k}, i);
        if (k % 50 == 0) empty_cache();
        if (k % 70 == 0) set_cache_limit(k % 140 == 0 ? SIZE_MAX : mib);
        if (x.to_vector<float>().back() != static_cast<float>(i)) throw Error("overwritten");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  set_cache_limit(SIZE_MAX);
}

}  // namespace
}  // namespace plastic
