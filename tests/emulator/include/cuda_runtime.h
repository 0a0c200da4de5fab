#pragma once

// The part of the CUDA runtime that Plastic uses, acted out on the processor, so that cuda/ can be
// compiled as plain C++ and tested where there is no device. What it checks, and what it cannot, is
// in tests/emulator/README.md. Names and meanings are NVIDIA's.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <tuple>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __shared__ static
#define __grid_constant__
#define __launch_bounds__(...)

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInitializationError = 3,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInsufficientDriver = 35,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorNoKernelImageForDevice = 209,
  cudaErrorInvalidResourceHandle = 400,
  cudaErrorStreamCaptureUnsupported = 900,
  cudaErrorStreamCaptureInvalidated = 901,
  cudaErrorStreamCaptureImplicit = 906,
};
const char* cudaGetErrorName(cudaError_t error);
const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();

struct uint3 {
  unsigned x = 0, y = 0, z = 0;
};
struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) float2 {
  float x, y;
};

// Devices.

struct cudaDeviceProp {
  char name[256];
  std::size_t totalGlobalMem;
  int major;
  int minor;
  int multiProcessorCount;
  int l2CacheSize;
  int pageableMemoryAccess;
};
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);
cudaError_t cudaDriverGetVersion(int* version);
cudaError_t cudaRuntimeGetVersion(int* version);
cudaError_t cudaDeviceSynchronize();

/// Counts a thousand with each call.
long long clock64();

// Streams and events. Work waits in its stream until someone waits for it.

namespace plastic::emulator {
struct Stream;
struct Event;
struct Graph;
struct GraphExec;
struct Pool;
}  // namespace plastic::emulator
using cudaStream_t = plastic::emulator::Stream*;
using cudaEvent_t = plastic::emulator::Event*;
using cudaGraph_t = plastic::emulator::Graph*;
using cudaGraphExec_t = plastic::emulator::GraphExec*;
using cudaMemPool_t = plastic::emulator::Pool*;

constexpr unsigned cudaStreamDefault = 0;
constexpr unsigned cudaStreamNonBlocking = 1;
constexpr unsigned cudaEventDisableTiming = 2;
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags = 0);
cudaError_t cudaEventCreate(cudaEvent_t* event);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end);

// Memory.

enum cudaMemcpyKind {
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice
};
enum cudaMemPoolAttr { cudaMemPoolAttrReleaseThreshold, cudaMemPoolAttrReservedMemCurrent };
cudaError_t cudaMallocAsync(void** data, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaFreeAsync(void* data, cudaStream_t stream);
enum cudaMemoryType { cudaMemoryTypeUnregistered, cudaMemoryTypeDevice = 2, cudaMemoryTypeManaged };
struct cudaPointerAttributes {
  cudaMemoryType type;
  int device;
};
/// The devices share their memory: all of it is the current one's.
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* address);
cudaError_t cudaMallocHost(void** data, std::size_t bytes);
cudaError_t cudaFreeHost(void* data);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* data, int value, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device);
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value);
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value);
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, std::size_t keep);

// Graphs.

enum cudaStreamCaptureMode { cudaStreamCaptureModeGlobal, cudaStreamCaptureModeRelaxed = 2 };
enum cudaStreamCaptureStatus { cudaStreamCaptureStatusNone, cudaStreamCaptureStatusActive };
cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode);
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph,
                                 unsigned long long flags);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec);
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream);

// Kernels.

struct cudaLaunchConfig_t {
  dim3 gridDim;
  dim3 blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
};

namespace plastic::emulator {

/// Puts work into a stream, or into the graph that the stream is being captured to.
cudaError_t enqueue(cudaStream_t stream, std::function<void()> work);
/// Runs the next piece of work that waits in a stream; false where none does.
bool run_next(cudaStream_t stream);
/// The calling thread's.
int current_device();
/// Lets that long go by on the device, which events measure. Kernels take no time.
void pass_time(float milliseconds);
/// Runs `thread` once for each thread of the grid, block after block.
void run_grid(dim3 blocks, dim3 threads, const std::function<void()>& thread);
cudaError_t check_config(const cudaLaunchConfig_t& config);

void block_barrier();
void warp_barrier();
/// Where the threads of a warp leave values for each other; `lane` counts in the caller's warp.
void* lane_slot(unsigned lane);
unsigned own_lane();

}  // namespace plastic::emulator

template <class... Expected, class... Actual>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Expected...),
                               Actual&&... arguments) {
  const cudaError_t error = plastic::emulator::check_config(*config);
  if (error != cudaSuccess) return error;
  // A device gets the arguments by value, too.
  return plastic::emulator::enqueue(
      config->stream, [kernel, blocks = config->gridDim, threads = config->blockDim,
                       values = std::tuple<Expected...>(std::forward<Actual>(arguments)...)] {
        plastic::emulator::run_grid(blocks, threads, [&] { std::apply(kernel, values); });
      });
}

// Inside kernels.

extern uint3 threadIdx;
extern uint3 blockIdx;
extern dim3 blockDim;
extern dim3 gridDim;
constexpr int warpSize = 32;

inline void __syncthreads() { plastic::emulator::block_barrier(); }
inline void __syncwarp(unsigned = 0xFFFFFFFFU) { plastic::emulator::warp_barrier(); }
inline void __threadfence() {}

namespace plastic::emulator {

template <class T>
T exchange(T value, unsigned from_lane) {
  static_assert(sizeof(T) <= 16);
  std::memcpy(lane_slot(own_lane()), &value, sizeof(T));
  warp_barrier();
  T result;
  std::memcpy(&result, lane_slot(from_lane), sizeof(T));
  warp_barrier();
  return result;
}

template <class T>
T fetch_add(T* address, T value) {
  const T before = *address;
  *address = static_cast<T>(before + value);
  return before;
}

}  // namespace plastic::emulator

template <class T>
T __shfl_sync(unsigned, T value, int lane) {
  return plastic::emulator::exchange(value, static_cast<unsigned>(lane) % 32U);
}
template <class T>
T __shfl_xor_sync(unsigned, T value, int mask) {
  return plastic::emulator::exchange(value,
                                     plastic::emulator::own_lane() ^ static_cast<unsigned>(mask));
}
template <class T>
T __shfl_down_sync(unsigned, T value, unsigned delta) {
  const unsigned from = plastic::emulator::own_lane() + delta;
  return plastic::emulator::exchange(value, from < 32U ? from : plastic::emulator::own_lane());
}

inline int atomicAdd(int* address, int value) {
  return plastic::emulator::fetch_add(address, value);
}
inline unsigned atomicAdd(unsigned* address, unsigned value) {
  return plastic::emulator::fetch_add(address, value);
}
inline unsigned long long atomicAdd(unsigned long long* address, unsigned long long value) {
  return plastic::emulator::fetch_add(address, value);
}
inline int atomicMin(int* address, int value) {
  const int before = *address;
  if (value < before) *address = value;
  return before;
}
inline unsigned long long atomicMin(unsigned long long* address, unsigned long long value) {
  const unsigned long long before = *address;
  if (value < before) *address = value;
  return before;
}
inline int atomicOr(int* address, int value) {
  const int before = *address;
  *address = before | value;
  return before;
}
template <class T>
T __ldg(const T* address) {
  return *address;
}
template <class T>
T __ldcg(const T* address) {
  return *address;
}
template <class T>
void __stcg(T* address, T value) {
  *address = value;
}
