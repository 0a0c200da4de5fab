#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "cuda/optim/optim_chunks.h"

namespace plastic::cuda {

/// Neighbouring numbers that a thread moves at once: 4, in one access of 16 bytes, or 1.
template <int n>
struct Floats {
  float x[n];

  __device__ float& operator[](int i) { return x[i]; }
  __device__ float operator[](int i) const { return x[i]; }
};

// Through the second cache alone, since a kernel comes to a number once. These functions also tell
// the compiler what it cannot see of a pointer that was itself read from memory: that it is global.
template <int n>
__device__ Floats<n> load(const float* from) {
  if constexpr (n == 4) {
    const float4 v = __ldcg(reinterpret_cast<const float4*>(from));
    return {{v.x, v.y, v.z, v.w}};
  } else {
    return {{__ldcg(from)}};
  }
}

template <int n>
__device__ void store(float* to, const Floats<n>& floats) {
  if constexpr (n == 4) {
    __stcg(reinterpret_cast<float4*>(to), float4{floats[0], floats[1], floats[2], floats[3]});
  } else {
    __stcg(to, floats[0]);
  }
}

template <int n>
struct Width {};

/// Calls f(Width<n>, index of the first of n elements, counted from the chunk's start) for all
/// elements of the chunk, on the threads of the block. Parameters are views of any memory: where
/// the chunk's do not start at a multiple of 16 bytes, as blocks do, n is 1.
template <class F>
__device__ void for_floats(const Chunk& chunk, const float* parameters, F f) {
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(parameters) % sizeof(float4) == 0;
  const int fours = is_aligned ? chunk.count / 4 : 0;
  const auto thread = static_cast<int>(threadIdx.x);
  constexpr int threads = static_cast<int>(block_threads);
  for (int turn = 0; turn < chunk_elements / (4 * threads); ++turn) {
    const int i = thread + turn * threads;
    if (i < fours) f(Width<4>(), 4 * i);
  }
  for (int i = 4 * fours + thread; i < chunk.count; i += threads) f(Width<1>(), i);
}

/// Calls f(chunk, its index) for those of the table that are this block's.
template <class Tensor, class F>
__device__ void for_own_chunks(const Table<Tensor>& table, F f) {
  for (unsigned i = blockIdx.x; i < table.chunk_count; i += gridDim.x) {
    const Chunk chunk = table.chunks[i];
    f(chunk, i);
  }
}

}  // namespace plastic::cuda
