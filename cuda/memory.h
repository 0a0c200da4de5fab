#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

namespace plastic::cuda {

class RecordedMemory;

/// The memory of a device, taken from the driver's stream-ordered pool, which keeps what is given
/// back. While a step is being recorded, blocks come from a set of their own, which stays as long
/// as the recording does: a repetition uses the same addresses.
class Memory {
 public:
  Memory(int device, cudaStream_t stream);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// Aligned to 256 bytes; null for 0 bytes. Throws Error naming what is asked for, what is free
  /// and what the largest tensors take when memory is out.
  void* allocate(std::size_t bytes);
  void deallocate(void* data) noexcept;

  /// In between, allocate() takes from `blocks`, and nothing is given back to the driver.
  void begin_recording(std::shared_ptr<RecordedMemory> blocks);
  /// When the recorded stream is itself again.
  void end_recording();

 private:
  friend class RecordedMemory;

  struct Block {
    std::size_t bytes = 0;
    /// Null for what the driver gets back.
    std::weak_ptr<RecordedMemory> recorded;
    bool is_recorded = false;
  };

  /// From the driver, in the order of `stream`; null when memory is out.
  void* take(std::size_t bytes, cudaStream_t stream);
  [[noreturn]] void fail_out_of_memory(std::size_t bytes) const;

  int device_;
  cudaStream_t stream_;
  /// For allocations while `stream_` is being recorded.
  cudaStream_t side_stream_ = nullptr;
  std::unordered_map<void*, Block> live_;
  /// Of all of these.
  std::size_t bytes_in_use_ = 0;
  std::shared_ptr<RecordedMemory> recording_;
  /// Given back while recording, though the driver had allocated them before.
  std::vector<void*> waiting_;
};

/// The blocks that one recorded step works in. Within the step a block is used anew once its tensor
/// is gone; the order of the stream makes that safe.
class RecordedMemory {
 public:
  explicit RecordedMemory(Memory& memory) : memory_(memory) {}
  /// Gives the blocks back, but for those that a tensor still has.
  ~RecordedMemory();
  RecordedMemory(const RecordedMemory&) = delete;
  RecordedMemory& operator=(const RecordedMemory&) = delete;

 private:
  friend class Memory;

  /// A free block of at least `bytes` and not much more, or null.
  void* reuse(std::size_t bytes, std::size_t& found_bytes);

  Memory& memory_;
  std::multimap<std::size_t, void*> free_;
};

}  // namespace plastic::cuda
