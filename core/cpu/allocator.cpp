#include "core/cpu/allocator.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "core/check.h"
#include "core/cpu/poison.h"
#include "core/cpu/system_memory.h"
#include "core/device/recent_peak.h"
#include "core/threads/fork.h"

namespace plastic::cpu {
namespace {

constexpr std::size_t max_bytes = PTRDIFF_MAX / 2;
constexpr std::size_t buckets = 224;

/// What a block is rounded up to: four sizes between two powers of two.
struct Size {
  std::size_t bytes;
  std::size_t bucket;
};

/// Requires 1 <= bytes <= max_bytes.
Size rounded(std::size_t bytes) {
  if (bytes <= 256) {
    const std::size_t lines = (bytes + block_alignment - 1) / block_alignment;
    return {lines * block_alignment, lines - 1};
  }
  const auto power = static_cast<std::size_t>(std::bit_width(bytes - 1) - 1);
  const std::size_t step = (std::size_t{1} << power) / 4;
  const std::size_t steps = (bytes + step - 1) / step;
  return {steps * step, 4 + 4 * (power - 8) + (steps - 5)};
}

/// Free blocks of one size, in the order in which they came.
class Bucket {
 public:
  struct Block {
    void* data;
    std::uint64_t freed_at;
  };

  bool is_empty() const { return oldest_ == blocks_.size(); }
  const Block& oldest() const { return blocks_[oldest_]; }

  /// Throws std::bad_alloc.
  void add(const Block& block) { blocks_.push_back(block); }
  void* take_newest() {
    void* data = blocks_.back().data;
    blocks_.pop_back();
    tidy();
    return data;
  }
  void* take_oldest() {
    void* data = blocks_[oldest_++].data;
    tidy();
    return data;
  }

 private:
  void tidy() {
    if (2 * oldest_ < blocks_.size()) return;
    blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(oldest_));
    oldest_ = 0;
  }

  /// Those before the oldest are gone.
  std::vector<Block> blocks_;
  std::size_t oldest_ = 0;
};

class BlockCache {
 public:
  void* take(std::size_t bytes) {
    if (bytes > max_bytes) fail_out_of_memory(bytes);
    const Size size = rounded(bytes);
    SystemBlock left_over;
    void* block = from_cache(size, left_over);
    if (block == nullptr) block = from_system(size, left_over);
    if (block == nullptr) fail_out_of_memory(bytes);
    unpoison(block, bytes);
    poison(static_cast<std::byte*>(block) + bytes, size.bytes - bytes);
    return block;
  }

  void give(void* block, std::size_t bytes) noexcept {
    const Size size = rounded(bytes);
    poison(block, size.bytes);
    const std::size_t limit = cache_limit();
    const std::lock_guard lock(mutex_);
    in_use_ -= size.bytes;
    if (size.bytes > limit) return give_back({block, size.bytes});
    try {
      free_[size.bucket].add({block, ++frees_});
      sizes_[size.bucket] = size.bytes;
      cached_ += size.bytes;
    } catch (const std::bad_alloc&) {
      give_back({block, size.bytes});
    }
    while (cached_ > limit) give_back(take_oldest());
  }

  void shrink(std::size_t keep) {
    const std::lock_guard lock(mutex_);
    while (cached_ > keep) give_back(take_oldest());
  }

  MemoryUse use() {
    const std::lock_guard lock(mutex_);
    return {.in_use = in_use_, .cached = cached_};
  }

  std::int64_t taken() const { return taken_; }

 private:
  /// Null when there is none of that size. As the system will then be asked for one, what is held
  /// is kept in bounds before: `left_over` receives a block to be made use of or given back.
  void* from_cache(const Size& size, SystemBlock& left_over) {
    const std::lock_guard lock(mutex_);
    if (!free_[size.bucket].is_empty()) {
      cached_ -= size.bytes;
      void* block = free_[size.bucket].take_newest();
      count_taken(size);
      return block;
    }
    const std::size_t in_use = in_use_ + size.bytes;
    const std::size_t bound = worth_holding(std::max(recent_.bytes(), in_use));
    while (cached_ > 0 && in_use + cached_ > bound) {
      const SystemBlock oldest = take_oldest();
      if (left_over.data == nullptr && can_resize(oldest, size.bytes)) {
        left_over = oldest;
      } else {
        give_back(oldest);
      }
    }
    return nullptr;
  }

  /// Null when memory runs out.
  void* from_system(const Size& size, const SystemBlock& left_over) {
    ++taken_;
    void* block = left_over.data != nullptr ? resize(left_over, size.bytes) : nullptr;
    if (block == nullptr) block = allocate_block(size.bytes);
    if (block == nullptr) {
      shrink(0);
      block = allocate_block(size.bytes);
    }
    if (block == nullptr) return nullptr;
    const std::lock_guard lock(mutex_);
    count_taken(size);
    return block;
  }

  void count_taken(const Size& size) {
    in_use_ += size.bytes;
    if (!recent_.add(size.bytes, in_use_)) return;
    const std::size_t bound = worth_holding(recent_.bytes());
    while (cached_ > 0 && in_use_ + cached_ > bound) give_back(take_oldest());
  }

  /// Requires that something is cached.
  SystemBlock take_oldest() {
    std::size_t found = buckets;
    for (std::size_t i = 0; i < buckets; ++i) {
      if (free_[i].is_empty()) continue;
      if (found == buckets || free_[i].oldest().freed_at < free_[found].oldest().freed_at) {
        found = i;
      }
    }
    cached_ -= sizes_[found];
    return {free_[found].take_oldest(), sizes_[found]};
  }

  static void give_back(const SystemBlock& block) noexcept {
    // The system's allocator writes there, and whoever has it next knows nothing of marks.
    unpoison(block.data, block.bytes);
    free_block(block);
  }

  [[noreturn]] void fail_out_of_memory(std::size_t bytes) {
    fail("allocate", "out of memory: asked for ", bytes, " bytes where ", use().in_use,
         " are in use; use a smaller batch or model");
  }

  ForkSafeMutex mutex_;
  std::atomic<std::int64_t> taken_{0};
  std::array<Bucket, buckets> free_;
  std::array<std::size_t, buckets> sizes_{};
  std::size_t in_use_ = 0;
  std::size_t cached_ = 0;
  std::uint64_t frees_ = 0;
  RecentPeak recent_;
};

BlockCache& cache() {
  // Never destroyed: tensors with static lifetime give their memory back after main().
  alignas(BlockCache) static std::byte place[sizeof(BlockCache)];
  static auto* instance = new (place) BlockCache;
  return *instance;
}

// Made before main(): a fork while another thread made it would leave the child waiting for it.
[[maybe_unused]] const BlockCache& made_early = cache();

}  // namespace

void* allocate(std::size_t bytes) { return bytes == 0 ? nullptr : cache().take(bytes); }

void deallocate(void* data, std::size_t bytes) noexcept {
  if (data != nullptr) cache().give(data, bytes);
}

std::int64_t blocks_from_system() { return cache().taken(); }

MemoryUse memory_use() { return cache().use(); }

void shrink_cache(std::size_t keep) {
  cache().shrink(keep);
#ifdef __GLIBC__
  // Small blocks go back to malloc(), which keeps them too.
  malloc_trim(0);
#endif
}

}  // namespace plastic::cpu
