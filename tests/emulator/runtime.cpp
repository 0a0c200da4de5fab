// Streams, events, graphs and memory calls. One thread of the host at a time may use the emulator.
// Its devices, enough for several ranks, have one memory.
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/threads/fork.h"
#include "tests/emulator/capture.h"
#include "tests/emulator/device_memory.h"
#include "tests/emulator/options.h"

namespace plastic::emulator {

using Work = std::function<void()>;

struct Graph {
  std::vector<Work> works;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
};
struct GraphExec {
  std::vector<Work> works;
};
/// What it holds, which only grows until it is trimmed.
struct Pool {
  std::size_t reserved = 0;
};

Pool& only_pool() {
  static Pool pool;
  return pool;
}

struct Stream {
  /// Whether the legacy default stream waits for it.
  bool is_blocking = false;
  int device = 0;
  std::deque<Work> queue;
  std::unique_ptr<Graph> capture;
  bool is_capture_broken = false;
};

struct Event {
  int device = 0;
  /// Of the last record: which stream's work it comes after, and whether that is done.
  Stream* stream = nullptr;
  std::shared_ptr<bool> done;
  /// On the device's clock.
  std::shared_ptr<float> time;
};

namespace {

constexpr int device_count = 4;
thread_local int device_in_use = 0;
thread_local cudaStreamCaptureMode capture_mode = cudaStreamCaptureModeGlobal;

float clock_now = 0;
std::size_t last_captured_nodes = 0;
int idles = 0;
cudaError_t last_error = cudaSuccess;
/// Where blocks begin, and how large they are.
std::map<const void*, std::size_t> pinned;

cudaError_t result(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

void run_until(Stream& stream, const std::shared_ptr<bool>& done) {
  // For all of it at once: opening the memory for each piece of work takes longer than most work.
  const DeviceAccess access;
  while (!stream.queue.empty() && !(done && *done)) {
    const Work work = std::move(stream.queue.front());
    stream.queue.pop_front();
    work();
  }
}

void run_all(Stream& stream) { run_until(stream, nullptr); }

/// What a capture does not allow.
cudaError_t break_capture(Stream& stream) {
  stream.is_capture_broken = true;
  return result(cudaErrorStreamCaptureUnsupported);
}

/// The streams of other libraries in the process that have none of their own, one for each device.
/// Nothing of cuda/ may be given to them, but they may be waited for.
Stream* or_default(Stream* stream) {
  static Stream all_others[device_count];
  if (stream != nullptr) return stream;
  Stream& others = all_others[device_in_use];
  others.device = device_in_use;
  return &others;
}

bool is_pinned(const void* data) {
  const auto after = pinned.upper_bound(data);
  if (after == pinned.begin()) return false;
  const auto& [begin, bytes] = *std::prev(after);
  return static_cast<const char*>(data) < static_cast<const char*>(begin) + bytes;
}

}  // namespace

cudaError_t enqueue(cudaStream_t stream, Work work) {
  if (stream == nullptr) return result(cudaErrorInvalidValue);
  if (stream->capture) {
    stream->capture->works.push_back(std::move(work));
  } else {
    stream->queue.push_back(std::move(work));
  }
  return cudaSuccess;
}

bool run_next(cudaStream_t stream) {
  if (stream->queue.empty()) return false;
  const DeviceAccess access;
  const Work work = std::move(stream->queue.front());
  stream->queue.pop_front();
  work();
  return true;
}

int current_device() { return device_in_use; }

void pass_time(float milliseconds) { clock_now += milliseconds; }

std::size_t captured_nodes() { return last_captured_nodes; }

Idle::Idle() { ++idles; }
Idle::~Idle() {
  // What was asked for meanwhile may still wait.
  cudaDeviceSynchronize();
  --idles;
}
bool is_idle() { return idles > 0; }

}  // namespace plastic::emulator

using namespace plastic::emulator;

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInitializationError:
      return "cudaErrorInitializationError";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorInsufficientDriver:
      return "cudaErrorInsufficientDriver";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorNoKernelImageForDevice:
      return "cudaErrorNoKernelImageForDevice";
    case cudaErrorInvalidResourceHandle:
      return "cudaErrorInvalidResourceHandle";
    case cudaErrorStreamCaptureUnsupported:
      return "cudaErrorStreamCaptureUnsupported";
    case cudaErrorStreamCaptureInvalidated:
      return "cudaErrorStreamCaptureInvalidated";
    case cudaErrorStreamCaptureImplicit:
      return "cudaErrorStreamCaptureImplicit";
  }
  return "unknown";
}
const char* cudaGetErrorString(cudaError_t error) { return cudaGetErrorName(error); }
cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }

cudaError_t cudaGetDeviceCount(int* count) {
  *count = device_count;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= device_count) return result(cudaErrorInvalidDevice);
  device_in_use = device;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  // In a child of the process that used the device.
  static const unsigned fork_count_at_first = plastic::fork_count();
  if (plastic::fork_count() != fork_count_at_first) return result(cudaErrorInitializationError);
  *device = device_in_use;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device < 0 || device >= device_count) return result(cudaErrorInvalidDevice);
  *properties = {};
  std::strcpy(properties->name, "emulated device");
  properties->totalGlobalMem = DeviceMemory::instance().limit();
  properties->major = 9;
  properties->multiProcessorCount = options().multiprocessors;
  properties->pageableMemoryAccess = options().late_reads;
  properties->l2CacheSize = 1 << 20;
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  const DeviceMemory& memory = DeviceMemory::instance();
  *total = memory.limit();
  *free = memory.limit() > memory.in_use() ? memory.limit() - memory.in_use() : 0;
  return cudaSuccess;
}
long long clock64() {
  static long long now = 0;
  return now += 1000;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) { return cudaDriverGetVersion(version); }

namespace {

std::set<Stream*>& streams() {
  static std::set<Stream*> all;
  return all;
}

/// For what breaks a capture in any other stream where neither it nor the calling thread is
/// relaxed.
cudaError_t check_no_capture_minds() {
  for (Stream* stream : streams()) {
    const bool minds = stream->capture && stream->capture->mode == cudaStreamCaptureModeGlobal;
    if (minds && capture_mode == cudaStreamCaptureModeGlobal) return break_capture(*stream);
  }
  return cudaSuccess;
}

}  // namespace

cudaError_t cudaDeviceSynchronize() {
  for (Stream* stream : streams()) {
    if (stream->capture) return break_capture(*stream);
  }
  for (Stream* stream : streams()) run_all(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  *stream = new Stream;
  (*stream)->is_blocking = (flags & cudaStreamNonBlocking) == 0;
  (*stream)->device = device_in_use;
  streams().insert(*stream);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  run_all(*stream);
  streams().erase(stream);
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (const cudaError_t error = check_no_capture_minds(); error != cudaSuccess) return error;
  if (stream->capture) return break_capture(*stream);
  run_all(*stream);
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  return enqueue(or_default(stream), [from = event->stream, done = event->done] {
    if (from != nullptr) run_until(*from, done);
  });
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, 0); }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new Event;
  (*event)->device = device_in_use;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  if (event->device != or_default(stream)->device) return result(cudaErrorInvalidResourceHandle);
  event->stream = or_default(stream);
  event->done = std::make_shared<bool>(false);
  event->time = std::make_shared<float>(0.0F);
  return enqueue(event->stream, [done = event->done, time = event->time] {
    *done = true;
    *time = clock_now;
  });
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (event->stream == nullptr || *event->done) return cudaSuccess;
  if (event->stream->capture) return break_capture(*event->stream);
  run_until(*event->stream, event->done);
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  *milliseconds = *end->time - *start->time;
  return cudaSuccess;
}

cudaError_t cudaMallocAsync(void** data, std::size_t bytes, cudaStream_t stream) {
  // A graph would own such memory, which cuda/ does not want.
  if (stream->capture) return break_capture(*stream);
  *data = DeviceMemory::instance().allocate(bytes);
  only_pool().reserved = std::max(only_pool().reserved, DeviceMemory::instance().in_use());
  return *data == nullptr ? result(cudaErrorMemoryAllocation) : cudaSuccess;
}
cudaError_t cudaFreeAsync(void* data, cudaStream_t stream) {
  if (stream->capture) return break_capture(*stream);
  return enqueue(stream, [data] {
    if (!DeviceMemory::instance().free(data)) std::abort();
  });
}
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* address) {
  const bool is_devices = DeviceMemory::instance().contains(address);
  attributes->type = is_devices ? cudaMemoryTypeDevice : cudaMemoryTypeUnregistered;
  attributes->device = device_in_use;
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** data, std::size_t bytes) {
  if (const cudaError_t error = check_no_capture_minds(); error != cudaSuccess) return error;
  *data = std::malloc(bytes);
  pinned.emplace(*data, bytes);
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* data) {
  pinned.erase(data);
  std::free(data);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  const DeviceMemory& memory = DeviceMemory::instance();
  const bool from_device = kind != cudaMemcpyHostToDevice;
  const bool to_device = kind != cudaMemcpyDeviceToHost;
  if (bytes == 0) return cudaSuccess;
  if (memory.contains(from) != from_device || memory.contains(to) != to_device) {
    return result(cudaErrorInvalidValue);
  }
  if (kind == cudaMemcpyHostToDevice && !is_pinned(from)) {
    if (stream->capture) return break_capture(*stream);
  }
  if (kind == cudaMemcpyHostToDevice && !is_pinned(from) && !options().late_reads) {
    // Pageable memory is read before the call returns.
    const auto* first = static_cast<const char*>(from);
    return enqueue(stream, [to, staged = std::vector<char>(first, first + bytes)] {
      const DeviceAccess access;
      std::memcpy(to, staged.data(), staged.size());
    });
  }
  const cudaError_t error = enqueue(stream, [=] {
    const DeviceAccess access;
    std::memmove(to, from, bytes);
  });
  if (kind != cudaMemcpyDeviceToHost || is_pinned(to)) return error;
  // So is pageable memory written.
  return cudaStreamSynchronize(stream);
}
cudaError_t cudaMemsetAsync(void* data, int value, std::size_t bytes, cudaStream_t stream) {
  if (bytes > 0 && !DeviceMemory::instance().contains(data)) return result(cudaErrorInvalidValue);
  return enqueue(stream, [=] {
    const DeviceAccess access;
    std::memset(data, value, bytes);
  });
}
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int) {
  *pool = &only_pool();
  return cudaSuccess;
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) { return cudaSuccess; }
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  if (attribute != cudaMemPoolAttrReservedMemCurrent) return result(cudaErrorInvalidValue);
  *static_cast<std::uint64_t*>(value) = pool->reserved;
  return cudaSuccess;
}
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, std::size_t keep) {
  const std::size_t in_use = DeviceMemory::instance().in_use();
  pool->reserved = std::max(in_use, std::min(pool->reserved, keep));
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  const auto would_wait_for = [stream](const Stream* one) {
    return stream == nullptr && one->is_blocking && one->capture;
  };
  if (std::ranges::any_of(streams(), would_wait_for)) return cudaErrorStreamCaptureImplicit;
  const bool is_capturing = or_default(stream)->capture != nullptr;
  *status = is_capturing ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  std::swap(capture_mode, *mode);
  return cudaSuccess;
}
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  if (stream->capture) return result(cudaErrorInvalidValue);
  // What is in the queue comes before the graph, whenever that is launched.
  stream->capture = std::make_unique<Graph>();
  stream->capture->mode = mode;
  stream->is_capture_broken = false;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = nullptr;
  if (!stream->capture) return result(cudaErrorInvalidValue);
  const std::unique_ptr<Graph> captured = std::move(stream->capture);
  if (stream->is_capture_broken) return result(cudaErrorStreamCaptureInvalidated);
  last_captured_nodes = captured->works.size();
  *graph = new Graph{*captured};
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  *exec = new GraphExec{graph->works};
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  delete exec;
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  if (stream->capture) return break_capture(*stream);
  // One by one: a stream that waits for another lets it go on by a piece of work at a time.
  for (const Work& work : exec->works) enqueue(stream, work);
  return cudaSuccess;
}
