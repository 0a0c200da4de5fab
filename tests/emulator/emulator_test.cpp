// The emulator itself: what the tests of cuda/ rely on.
#include <cuda_runtime.h>
#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "tests/emulator/device_memory.h"

namespace plastic::emulator {
namespace {

/// Sums of a block's numbers, with shared memory, barriers and shuffles.
__global__ void sum_blocks(const float* x, float* out) {
  __shared__ float warps[32];
  float value = x[blockIdx.x * blockDim.x + threadIdx.x];
  for (int step = warpSize / 2; step > 0; step /= 2) value += __shfl_xor_sync(~0U, value, step);
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = value;
  __syncthreads();
  if (threadIdx.x == 0) {
    float sum = 0;
    for (unsigned i = 0; i < blockDim.x / 32; ++i) sum += warps[i];
    out[blockIdx.x] = sum;
  }
}

TEST_CASE("runs_blocks_of_threads") {
  cudaStream_t stream = nullptr;
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  std::vector<float> x(3 * 128);
  std::iota(x.begin(), x.end(), 0.0F);
  float* device = nullptr;
  float* sums = nullptr;
  cudaMallocAsync(reinterpret_cast<void**>(&device), x.size() * sizeof(float), stream);
  cudaMallocAsync(reinterpret_cast<void**>(&sums), 3 * sizeof(float), stream);
  cudaMemcpyAsync(device, x.data(), x.size() * sizeof(float), cudaMemcpyHostToDevice, stream);
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(3);
  config.blockDim = dim3(128);
  config.stream = stream;
  REQUIRE(cudaLaunchKernelEx(&config, sum_blocks, const_cast<const float*>(device), sums) ==
          cudaSuccess);
  float result[3];
  cudaMemcpyAsync(result, sums, sizeof(result), cudaMemcpyDeviceToHost, stream);
  for (int block = 0; block < 3; ++block) {
    CHECK(result[block] == static_cast<float>(128 * (128 * block) + 127 * 64));
  }
  cudaFreeAsync(device, stream);
  cudaFreeAsync(sums, stream);
  cudaStreamDestroy(stream);
}

TEST_CASE("copies_from_pinned_memory_when_the_stream_comes_to_it") {
  cudaStream_t stream = nullptr;
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  int* pinned = nullptr;
  int* device = nullptr;
  cudaMallocHost(reinterpret_cast<void**>(&pinned), sizeof(int));
  cudaMallocAsync(reinterpret_cast<void**>(&device), sizeof(int), stream);
  *pinned = 1;
  cudaMemcpyAsync(device, pinned, sizeof(int), cudaMemcpyHostToDevice, stream);
  *pinned = 2;
  int result = 0;
  cudaMemcpyAsync(&result, device, sizeof(int), cudaMemcpyDeviceToHost, stream);
  CHECK(result == 2);
  cudaFreeAsync(device, stream);
  cudaStreamDestroy(stream);
  cudaFreeHost(pinned);
}

}  // namespace
}  // namespace plastic::emulator
