#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "cuda/runtime/context.h"

namespace plastic::cuda {

/// Small data from the host that kernels read from device memory at a fixed address, so that a
/// captured step finds what was sent last. Sending does not wait for the device, and what is sent
/// arrives in the order of the stream.
class Upload {
 public:
  /// For up to `capacity` bytes, at least 1.
  Upload(Context& context, std::size_t capacity);
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  /// Throws Error while a step is being captured.
  void send(const void* data, std::size_t bytes);
  std::size_t capacity() const { return capacity_; }
  void* device() const { return device_; }
  template <class T>
  const T* as() const {
    return static_cast<const T*>(device_);
  }

 private:
  /// Host memory that the device copies from by itself, and when it was last done with it.
  struct Slot {
    char* pinned = nullptr;
    cudaEvent_t copied = nullptr;
    bool is_used = false;
  };

  Context& context_;
  std::size_t capacity_;
  void* device_;
  /// The slots' memory.
  char* pinned_ = nullptr;
  /// The host may run that many steps ahead before it waits.
  Slot slots_[8];
  std::size_t next_ = 0;
};

}  // namespace plastic::cuda
