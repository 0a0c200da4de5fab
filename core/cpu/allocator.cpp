#include "core/cpu/allocator.h"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <new>
#include <unordered_map>
#include <vector>

#include "core/check.h"
#include "core/cpu/poison.h"

namespace plastic::cpu {
namespace {

constexpr std::size_t alignment = 64;

/// Four buckets between two powers of two.
std::size_t bucket_size(std::size_t bytes) {
  if (bytes <= 256) return (bytes + alignment - 1) / alignment * alignment;
  const std::size_t step = std::bit_floor(bytes - 1) / 4;
  return (bytes + step - 1) / step * step;
}

class BlockCache {
 public:
  void* take(std::size_t bytes) {
    const std::size_t size = bucket_size(bytes);
    void* block = block_of(size);
    if (block == nullptr) fail("allocate", "out of memory: asked for ", bytes, " bytes");
    unpoison(block, bytes);
    poison(static_cast<std::byte*>(block) + bytes, size - bytes);
    return block;
  }

  std::int64_t taken() const { return taken_; }

  void give(void* block, std::size_t bytes) noexcept {
    const std::size_t size = bucket_size(bytes);
    poison(block, size);
    const std::lock_guard lock(mutex_);
    try {
      free_[size].push_back(block);
    } catch (const std::bad_alloc&) {
      std::free(block);
    }
  }

 private:
  /// Null when there is no memory.
  void* block_of(std::size_t size) {
    {
      const std::lock_guard lock(mutex_);
      std::vector<void*>& blocks = free_[size];
      if (!blocks.empty()) {
        void* block = blocks.back();
        blocks.pop_back();
        return block;
      }
    }
    void* block = std::aligned_alloc(alignment, size);
    if (block == nullptr) {
      release_all();
      block = std::aligned_alloc(alignment, size);
    }
    ++taken_;
    return block;
  }

  void release_all() {
    const std::lock_guard lock(mutex_);
    for (auto& [size, blocks] : free_) {
      for (void* block : blocks) std::free(block);
    }
    free_.clear();
  }

  std::mutex mutex_;
  std::atomic<std::int64_t> taken_{0};
  std::unordered_map<std::size_t, std::vector<void*>> free_;
};

BlockCache& cache() {
  // Never destroyed: tensors with static lifetime give their memory back after main().
  static auto* instance = new BlockCache;
  return *instance;
}

}  // namespace

void* allocate(std::size_t bytes) { return bytes == 0 ? nullptr : cache().take(bytes); }

void deallocate(void* data, std::size_t bytes) noexcept {
  if (data != nullptr) cache().give(data, bytes);
}

std::int64_t blocks_from_system() { return cache().taken(); }

}  // namespace plastic::cpu
