#pragma once

#include <cuda_runtime.h>

namespace plastic::cuda {

/// Whether this block is the last of `expected` to call it with `arrived`, which is 0 before and
/// after. What all of them wrote before can then be read, with __ldcg: the cache of a
/// multiprocessor may hold what was there earlier. All threads call it.
__device__ inline bool is_last_to_arrive(unsigned* arrived, unsigned expected) {
  __shared__ bool is_last;
  __syncthreads();
  if (threadIdx.x == 0 && threadIdx.y == 0) {
    __threadfence();
    is_last = atomicAdd(arrived, 1U) + 1 == expected;
    if (is_last) *arrived = 0;
    __threadfence();
  }
  __syncthreads();
  return is_last;
}

}  // namespace plastic::cuda
