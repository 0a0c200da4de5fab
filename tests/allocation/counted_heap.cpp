#include "tests/allocation/counted_heap.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace plastic::test {
namespace {

constinit std::atomic<std::int64_t> allocations{0};
constinit std::atomic<std::int64_t> frees{0};

void* counted(void* memory) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void counted_free(void* memory) {
  if (memory != nullptr) frees.fetch_add(1, std::memory_order_relaxed);
  std::free(memory);
}

std::size_t at_least_one(std::size_t bytes) { return bytes == 0 ? 1 : bytes; }

}  // namespace

std::int64_t heap_allocations() { return allocations.load(std::memory_order_relaxed); }
std::int64_t heap_objects() { return heap_allocations() - frees.load(std::memory_order_relaxed); }

}  // namespace plastic::test

// Those for arrays and those that do not throw call these.

void* operator new(std::size_t bytes) {
  return plastic::test::counted(std::malloc(plastic::test::at_least_one(bytes)));
}

void* operator new(std::size_t bytes, std::align_val_t alignment) {
  const auto unit = static_cast<std::size_t>(alignment);
  return plastic::test::counted(
      std::aligned_alloc(unit, (plastic::test::at_least_one(bytes) + unit - 1) / unit * unit));
}

void operator delete(void* memory) noexcept { plastic::test::counted_free(memory); }
void operator delete(void* memory, std::size_t) noexcept { plastic::test::counted_free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept {
  plastic::test::counted_free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  plastic::test::counted_free(memory);
}
