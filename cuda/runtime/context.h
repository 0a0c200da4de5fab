#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <memory>
#include <string>

#include "cuda/runtime/memory.h"

namespace plastic::cuda {

/// A CUDA device in use: its stream and its memory. There is one per device, made when first asked
/// for and kept to the end of the process. All work of a device is in the order of its one stream.
class Context {
 public:
  static Context& of(int index);
  /// Null when the device was not used so far.
  static Context* if_used(int index);

  explicit Context(int index);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  int index() const { return index_; }
  cudaStream_t stream() const { return stream_; }
  Memory& memory() { return *memory_; }
  /// Multiprocessors, what a grid that stays resident is sized by.
  int multiprocessors() const { return properties_.multiProcessorCount; }
  const cudaDeviceProp& properties() const { return properties_; }

  /// Makes this device the calling thread's. Every entry into cuda/ calls it first.
  void use() const;
  /// Throws Error in the child of a fork(), as use() does.
  void check_is_of_this_process() const;
  /// For destructors: false when there is nothing left to give back to, because the driver has shut
  /// down with the process or because this is the child of a fork().
  bool can_use() const noexcept;
  /// Whether the context was made in this process, and not in one that this was forked from, in
  /// which case no function of the driver may be called.
  bool is_of_this_process() const noexcept;

  /// Copies from the host's memory in the order of the stream; that memory may change as soon as
  /// this returns. `what` is for errors.
  void copy_from_host(const void* host, void* device, std::size_t bytes, const char* what) const;
  /// Waits for the device. Throws Error naming `op` while a step is being captured: what it would
  /// wait for is not running.
  void wait(const char* op);
  /// Throws that Error and does nothing else.
  void check_not_recording(const char* op) const;

  /// While a step is being captured: where kernels find what to add to the offsets of random
  /// numbers, so that each replay draws others. Null otherwise.
  const std::uint64_t* random_shift() const { return random_shift_; }
  bool is_recording() const { return random_shift_ != nullptr; }
  void begin_recording(const std::uint64_t* random_shift) { random_shift_ = random_shift; }
  void end_recording() { random_shift_ = nullptr; }

 private:
  int index_;
  unsigned fork_count_;
  cudaDeviceProp properties_{};
  cudaStream_t stream_ = nullptr;
  std::unique_ptr<Memory> memory_;
  const std::uint64_t* random_shift_ = nullptr;
};

/// Devices that can be used, and why there are none, empty where there are.
struct Devices {
  int count = 0;
  std::string reason;
};

/// Looked for once per process.
const Devices& devices();

}  // namespace plastic::cuda
