#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/cpu/allocator.h"

namespace plastic::cpu {

/// Memory for the length of a call, from the cache of blocks: aligned, contents unspecified.
template <class T>
class Scratch {
 public:
  explicit Scratch(std::int64_t count)
      : bytes_(static_cast<std::size_t>(count) * sizeof(T)),
        data_(static_cast<T*>(allocate(bytes_))) {}
  ~Scratch() { deallocate(data_, bytes_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  T* data() const { return data_; }

 private:
  std::size_t bytes_;
  T* data_;
};

/// The same for what grows or begins as zeros: a vector in memory of that cache.
template <class T>
struct ScratchAllocator {
  using value_type = T;

  ScratchAllocator() = default;
  template <class U>
  ScratchAllocator(const ScratchAllocator<U>&) noexcept {}

  T* allocate(std::size_t count) { return static_cast<T*>(cpu::allocate(count * sizeof(T))); }
  void deallocate(T* data, std::size_t count) noexcept { cpu::deallocate(data, count * sizeof(T)); }

  friend bool operator==(const ScratchAllocator&, const ScratchAllocator&) { return true; }
};

template <class T>
using ScratchVector = std::vector<T, ScratchAllocator<T>>;

}  // namespace plastic::cpu
