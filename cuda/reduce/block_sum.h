#pragma once

#include <cuda_runtime.h>

#include "cuda/runtime/launch.h"

namespace plastic::cuda {

/// The sum over a warp, in a fixed order; all its threads get it.
template <class T>
__device__ T warp_sum(T value) {
  for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(0xFFFFFFFFU, value, step);
  return value;
}

/// The sum over a block of `threads` threads, a multiple of 32, in an order that does not depend on
/// their timing. All threads of the block call it, and all get the sum. May be called again and
/// again.
template <unsigned threads = block_threads, class T>
__device__ T block_sum(T value) {
  constexpr unsigned warps = threads / 32;
  __shared__ T sums[warps];
  value = warp_sum(value);
  // Those of an earlier call may still be read.
  __syncthreads();
  if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = value;
  __syncthreads();
  T total = sums[0];
  for (unsigned i = 1; i < warps; ++i) total += sums[i];
  return total;
}

}  // namespace plastic::cuda
