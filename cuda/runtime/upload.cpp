#include "cuda/runtime/upload.h"

#include <cstring>

#include "cuda/runtime/check.h"

namespace plastic::cuda {

Upload::Upload(Context& context, std::size_t capacity)
    : context_(context), capacity_(capacity), device_(context.memory().allocate(capacity)) {
  context.check_not_recording("upload");
  // One block for all slots: pinning takes the driver long. Each begins where a cache line does.
  const std::size_t distance = (capacity + 63) / 64 * 64;
  const std::size_t bytes = distance * std::size(slots_);
  void* pinned = nullptr;
  check(cudaMallocHost(&pinned, bytes), "cudaMallocHost of ", bytes, " bytes");
  pinned_ = static_cast<char*>(pinned);
  for (std::size_t i = 0; i < std::size(slots_); ++i) {
    Slot& slot = slots_[i];
    slot.pinned = pinned_ + i * distance;
    check(cudaEventCreateWithFlags(&slot.copied, cudaEventDisableTiming), "cudaEventCreate");
  }
}

Upload::~Upload() {
  if (!context_.can_use()) return;
  // The device may still be copying.
  cudaStreamSynchronize(context_.stream());
  for (Slot& slot : slots_) cudaEventDestroy(slot.copied);
  cudaFreeHost(pinned_);
  context_.memory().deallocate(device_);
}

void Upload::send(const void* data, std::size_t bytes) {
  context_.check_not_recording("upload");
  Slot& slot = slots_[next_];
  next_ = (next_ + 1) % std::size(slots_);
  if (slot.is_used) check(cudaEventSynchronize(slot.copied), "cudaEventSynchronize");
  std::memcpy(slot.pinned, data, bytes);
  check(cudaMemcpyAsync(device_, slot.pinned, bytes, cudaMemcpyHostToDevice, context_.stream()),
        "cudaMemcpyAsync of ", bytes, " bytes");
  check(cudaEventRecord(slot.copied, context_.stream()), "cudaEventRecord");
  slot.is_used = true;
}

}  // namespace plastic::cuda
