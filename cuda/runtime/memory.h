#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "core/device/recent_peak.h"
#include "plastic/core/memory.h"

namespace plastic::cuda {

class RecordedMemory;

/// The memory of a device, taken from the driver's stream-ordered pool, which caches what is freed,
/// within the bounds of plastic/core/memory.h. Any thread may use it. While a step is being
/// captured, blocks come from a separate set, which lives as long as the recording does: a replay
/// uses the same addresses.
class Memory {
 public:
  Memory(int device, cudaStream_t stream);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// Aligned to 256 bytes; null for 0 bytes. Throws Error naming what is asked for, what is free
  /// and what the largest tensors take when memory runs out.
  void* allocate(std::size_t bytes);
  /// Does nothing in the child of a fork().
  void deallocate(void* data) noexcept;

  /// Gives the driver what is kept above `keep` bytes and not still being used by the device.
  void shrink(std::size_t keep);
  /// shrink() to cache_limit(), unless a step is being captured.
  void keep_within_limit() noexcept;
  MemoryUse use() const;

  /// In between, allocate() takes from `blocks`, and nothing is given back to the driver.
  void begin_recording(std::shared_ptr<RecordedMemory> blocks);
  /// Call it when the stream no longer captures.
  void end_recording();

 private:
  friend class RecordedMemory;

  struct Block {
    std::size_t bytes = 0;
    /// Null for what the driver gets back.
    std::weak_ptr<RecordedMemory> recorded;
    bool is_recorded = false;
  };

  /// From the driver, in the order of `stream`; null when memory runs out.
  void* take(std::size_t bytes, cudaStream_t stream);
  [[noreturn]] void fail_out_of_memory(std::size_t bytes) const;
  /// What the driver's pool has in all.
  std::size_t held() const noexcept;
  std::size_t with_cached(std::size_t cached) const noexcept;
  /// Lets the pool have no more than `bytes`, if no more are in use.
  void hold_at_most(std::size_t bytes) noexcept;

  int device_;
  const unsigned fork_count_;
  cudaStream_t stream_;
  cudaMemPool_t pool_ = nullptr;
  /// Guards what follows.
  mutable std::mutex mutex_;
  /// For allocations while `stream_` is capturing.
  cudaStream_t side_stream_ = nullptr;
  std::unordered_map<void*, Block> live_;
  /// The total of these.
  std::size_t bytes_in_use_ = 0;
  std::shared_ptr<RecordedMemory> recording_;
  RecentPeak recent_;
};

/// The blocks that one captured step works in. Within the step a block is reused once its tensor is
/// gone; the order of the stream makes that safe.
class RecordedMemory {
 public:
  explicit RecordedMemory(Memory& memory) : memory_(memory) {}
  /// Frees the blocks, except those that a tensor still has.
  ~RecordedMemory();
  RecordedMemory(const RecordedMemory&) = delete;
  RecordedMemory& operator=(const RecordedMemory&) = delete;

 private:
  friend class Memory;

  /// A free block of at least `bytes` and not much more, or null.
  void* reuse(std::size_t bytes, std::size_t& found_bytes);

  Memory& memory_;
  std::multimap<std::size_t, void*> free_;
  /// Blocks freed during capture that were allocated before it.
  std::vector<void*> kept_;
};

}  // namespace plastic::cuda
