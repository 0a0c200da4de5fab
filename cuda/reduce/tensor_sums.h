#pragma once

#include <cuda_runtime.h>

#include "cuda/optim/optim_chunks.h"
#include "cuda/reduce/block_sum.h"
#include "cuda/reduce/last_block.h"

namespace plastic::cuda {

/// Calls take(k, sum of values[k] over the block) in thread k, for several sums at once. The order
/// does not depend on timing; warps add up in T, the block in double. All threads call it; what
/// `take` writes is not yet there for the others.
template <int count, class T, class Take>
__device__ void block_sums(const T (&values)[count], Take take) {
  constexpr unsigned warps = block_threads / 32;
  __shared__ double sums[count][warps];
  T own[count];
  for (int k = 0; k < count; ++k) own[k] = warp_sum(values[k]);
  // Those of an earlier call may still be read.
  __syncthreads();
  if (threadIdx.x % 32 == 0) {
    for (int k = 0; k < count; ++k) sums[k][threadIdx.x / 32] = static_cast<double>(own[k]);
  }
  __syncthreads();
  if (threadIdx.x < count) {
    double total = 0;
    for (unsigned i = 0; i < warps; ++i) total += sums[threadIdx.x][i];
    take(threadIdx.x, total);
  }
}

/// Sums over tensors in the making.
struct TensorSums {
  static constexpr int most = 7;

  /// [chunk][most].
  double* partial = nullptr;
  /// Chunks of each tensor that are done; 0 between kernels.
  unsigned* arrived = nullptr;

  bool operator==(const TensorSums&) const = default;
};

/// Hands in a chunk's sums, given by its threads. True in the block that completes the tensor:
/// there all threads get the sums over it, added in an order that does not depend on timing.
template <int count, class T, class Tensor>
__device__ bool add_to_tensor(const TensorSums& sums, const Table<Tensor>& table, unsigned chunk,
                              const T (&values)[count], double (&totals)[count]) {
  static_assert(count <= TensorSums::most);
  block_sums(values, [&](unsigned k, double sum) {
    sums.partial[std::size_t{chunk} * TensorSums::most + k] = sum;
  });
  const unsigned tensor = table.chunks[chunk].tensor;
  const ChunkRange range = table.ranges[tensor];
  if (!is_last_to_arrive(&sums.arrived[tensor], range.count)) return false;
  double own[count] = {};
  for (unsigned i = threadIdx.x; i < range.count; i += block_threads) {
    const double* partial = sums.partial + std::size_t{range.first + i} * TensorSums::most;
    for (int k = 0; k < count; ++k) own[k] += __ldcg(partial + k);
  }
  __shared__ double shared_totals[count];
  block_sums(own, [&](unsigned k, double sum) { shared_totals[k] = sum; });
  __syncthreads();
  for (int k = 0; k < count; ++k) totals[k] = shared_totals[k];
  return true;
}

}  // namespace plastic::cuda
