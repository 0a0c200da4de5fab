#include "cuda/runtime/memory.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>

#include "core/text.h"
#include "core/threads/fork.h"
#include "cuda/runtime/check.h"

namespace plastic::cuda {
namespace {

std::string size_text(std::size_t bytes) {
  const double mebibytes = static_cast<double>(bytes) / (1024.0 * 1024.0);
  return fixed_text(mebibytes, mebibytes < 10 ? 2 : 0) + " MiB";
}

}  // namespace

Memory::Memory(int device, cudaStream_t stream)
    : device_(device), fork_count_(fork_count()), stream_(stream) {
  check(cudaStreamCreateWithFlags(&side_stream_, cudaStreamNonBlocking),
        "cudaStreamCreateWithFlags");
  check(cudaDeviceGetDefaultMemPool(&pool_, device), "cudaDeviceGetDefaultMemPool");
  // Without this each wait gives free memory back to the system, to be taken again.
  std::uint64_t keep_everything = UINT64_MAX;
  check(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &keep_everything),
        "cudaMemPoolSetAttribute");
}

Memory::~Memory() { cudaStreamDestroy(side_stream_); }

void* Memory::take(std::size_t bytes, cudaStream_t stream) {
  void* data = nullptr;
  const cudaError_t error = cudaMallocAsync(&data, bytes, stream);
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    return nullptr;
  }
  check(error, "cudaMallocAsync of ", bytes, " bytes");
  return data;
}

void* Memory::allocate(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  const std::lock_guard lock(mutex_);
  Block block{.bytes = bytes, .recorded = recording_, .is_recorded = recording_ != nullptr};
  void* data = recording_ ? recording_->reuse(bytes, block.bytes) : take(bytes, stream_);
  if (recording_ && data == nullptr) data = take(bytes, side_stream_);
  if (data == nullptr) {
    // Blocks freed in stream order may still be pending (a capture began by waiting for them); what
    // the pool keeps may be fragmented.
    const cudaStream_t stream = recording_ ? side_stream_ : stream_;
    cudaStreamSynchronize(stream);
    cudaMemPoolTrimTo(pool_, 0);
    data = take(bytes, stream);
  }
  if (data == nullptr) fail_out_of_memory(bytes);
  bytes_in_use_ += block.bytes;
  const bool is_time = recent_.add(block.bytes, bytes_in_use_);
  if (is_time && !recording_) hold_at_most(worth_holding(recent_.bytes()));
  live_.emplace(data, std::move(block));
  return data;
}

void Memory::deallocate(void* data) noexcept {
  if (fork_count() != fork_count_) return;
  const std::lock_guard lock(mutex_);
  const auto found = live_.find(data);
  if (found == live_.end()) return;
  const Block block = found->second;
  live_.erase(found);
  bytes_in_use_ -= block.bytes;
  if (block.is_recorded) {
    if (const auto owner = block.recorded.lock()) {
      owner->free_.emplace(block.bytes, data);
      return;
    }
  }
  if (recording_) {
    // The step may read it, and so will repetitions.
    recording_->kept_.push_back(data);
  } else {
    cudaFreeAsync(data, stream_);
    const std::size_t limit = cache_limit();
    if (limit != SIZE_MAX) hold_at_most(with_cached(limit));
  }
}

void Memory::shrink(std::size_t keep) {
  const std::lock_guard lock(mutex_);
  hold_at_most(with_cached(keep));
}

void Memory::keep_within_limit() noexcept {
  const std::size_t limit = cache_limit();
  if (limit == SIZE_MAX) return;
  const std::lock_guard lock(mutex_);
  if (!recording_) hold_at_most(with_cached(limit));
}

MemoryUse Memory::use() const {
  const std::lock_guard lock(mutex_);
  const std::size_t all = std::max(held(), bytes_in_use_);
  return {.in_use = bytes_in_use_, .cached = all - bytes_in_use_};
}

std::size_t Memory::held() const noexcept {
  std::uint64_t bytes = 0;
  cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrReservedMemCurrent, &bytes);
  return bytes;
}

std::size_t Memory::with_cached(std::size_t cached) const noexcept {
  return bytes_in_use_ + std::min(cached, SIZE_MAX - bytes_in_use_);
}

void Memory::hold_at_most(std::size_t bytes) noexcept {
  if (held() > bytes) cudaMemPoolTrimTo(pool_, bytes);
}

void Memory::begin_recording(std::shared_ptr<RecordedMemory> blocks) {
  const std::lock_guard lock(mutex_);
  recording_ = std::move(blocks);
}

void Memory::end_recording() {
  const std::lock_guard lock(mutex_);
  recording_.reset();
  // The blocks were allocated in the order of another stream than the one that will use them.
  check(cudaStreamSynchronize(side_stream_), "cudaStreamSynchronize after recording");
}

void Memory::fail_out_of_memory(std::size_t bytes) const {
  std::size_t free = 0;
  std::size_t total = 0;
  cudaMemGetInfo(&free, &total);
  std::vector<std::size_t> sizes;
  for (const auto& [data, block] : live_) sizes.push_back(block.bytes);
  const std::size_t shown = std::min<std::size_t>(sizes.size(), 5);
  std::partial_sort(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(shown), sizes.end(),
                    std::greater<>());
  std::string largest;
  for (std::size_t i = 0; i < shown; ++i) {
    largest += (i > 0 ? ", " : "") + size_text(sizes[i]);
  }
  fail("cuda", "out of memory on cuda:", device_, ": asked for ", size_text(bytes), "; ",
       size_text(free), " of ", size_text(total), " are free; ", sizes.size(), " tensors take ",
       size_text(bytes_in_use_), shown > 0 ? ", the largest " + largest : "",
       "; use a smaller batch or model, or end other programs on the device");
}

void* RecordedMemory::reuse(std::size_t bytes, std::size_t& found_bytes) {
  const auto best = free_.lower_bound(bytes);
  // A block much larger than needed may be what a later tensor needs.
  if (best == free_.end() || best->first > 2 * bytes + 512) return nullptr;
  void* data = best->second;
  found_bytes = best->first;
  free_.erase(best);
  return data;
}

RecordedMemory::~RecordedMemory() {
  if (fork_count() != memory_.fork_count_) return;
  for (const auto& [bytes, data] : free_) cudaFreeAsync(data, memory_.stream_);
  for (void* data : kept_) cudaFreeAsync(data, memory_.stream_);
}

}  // namespace plastic::cuda
