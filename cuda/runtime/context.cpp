#include "cuda/runtime/context.h"

#include <future>

#include "core/threads/fork.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/per_device.h"

namespace plastic::cuda {
namespace {

// What releases are compiled for begins with Ampere.
constexpr int oldest_major = 8;

Devices find_devices() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess) {
    cudaGetLastError();
    // Said of a driver that is not there, too.
    const bool is_driver = error == cudaErrorInsufficientDriver;
    return {.count = 0,
            .reason = is_driver ? "no NVIDIA driver, or one too old for this build"
                                : cudaGetErrorString(error)};
  }
  // Those behind one that is too old cannot be reached: indices are the driver's.
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) {
      return {.count = i, .reason = i > 0 ? "" : "the device does not answer"};
    }
    if (properties.major < oldest_major) {
      return {.count = i,
              .reason = i > 0 ? ""
                              : std::string(properties.name) + " has compute capability " +
                                    std::to_string(properties.major) + "." +
                                    std::to_string(properties.minor) + "; needs 8.0 or newer"};
    }
  }
  return {.count = count, .reason = count > 0 ? "" : "no CUDA device found"};
}

}  // namespace

const Devices& devices() {
  // Never destroyed: tensors of static storage ask for it.
  static const auto& found = *new Devices(find_devices());
  return found;
}

namespace {

PerDevice<Context>& contexts() {
  static auto& all = *new PerDevice<Context>(devices().count);
  return all;
}

}  // namespace

Context& Context::of(int index) { return contexts().of(index); }

Context* Context::if_used(int index) { return contexts().if_made(index); }

Context::Context(int index) : index_(index), fork_count_(fork_count()) {
  // On another thread: the device that is current in the calling one may be another library's, and
  // putting it back would have the driver use that device, too.
  std::async(std::launch::async, [this] {
    use();
    check(cudaGetDeviceProperties(&properties_, index_), "cudaGetDeviceProperties");
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    memory_ = std::make_unique<Memory>(index_, stream_);
  }).get();
}

Context::~Context() {
  memory_.reset();
  cudaStreamDestroy(stream_);
}

// Cheap where nothing changes, and others in the process may have set another.
void Context::use() const {
  check_is_of_this_process();
  check(cudaSetDevice(index_), "cudaSetDevice ", index_);
}

void Context::check_is_of_this_process() const {
  if (is_of_this_process()) return;
  fail("cuda", "cuda:", index_,
       " was in use before this process was forked, and cannot be used "
       "in a child; fork before the first use, or start another program");
}

bool Context::can_use() const noexcept {
  if (!is_of_this_process()) return false;
  if (cudaSetDevice(index_) == cudaSuccess) return true;
  cudaGetLastError();
  return false;
}

bool Context::is_of_this_process() const noexcept { return fork_count() == fork_count_; }

void Context::check_not_recording(const char* op) const {
  if (is_recording()) {
    fail(op, "would wait for the device, which cannot be done while a step is being captured");
  }
}

void Context::copy_from_host(const void* host, void* device, std::size_t bytes,
                             const char* what) const {
  check(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream_),
        "cudaMemcpyAsync of ", bytes, " bytes to the device, ", what);
  // Memory that is not pinned is read before the call returns, except by a device that reads it
  // through the host's page tables: that may do so when the copy's turn comes.
  if (properties_.pageableMemoryAccess != 0) {
    check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize after copying ", what);
  }
}

void Context::wait(const char* op) {
  check_not_recording(op);
  check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize in ", op);
  memory_->keep_within_limit();
}

}  // namespace plastic::cuda
