#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "cuda/reduce/columns.h"

// How kernels go over images that lie channels-last without gaps: a thread stays in one column and
// one pack of channels, and takes some of the rows.
namespace plastic::cuda {

/// For images of `rows` rows, all together, of `packs` packs each.
inline Grid image_grid(const Context& context, std::int64_t rows, std::int64_t packs) {
  Grid grid;
  grid.threads.x = power_of_two(packs, block_threads);
  grid.threads.y = power_of_two(rows, block_threads / grid.threads.x);
  const std::int64_t across = (packs + grid.threads.x - 1) / grid.threads.x;
  const std::int64_t down = (rows + grid.threads.y - 1) / grid.threads.y;
  // Enough to keep a device busy; the rest is worth a loop.
  const std::int64_t most =
      std::max<std::int64_t>(std::int64_t{32} * context.multiprocessors() / across, 1);
  grid.blocks.x = static_cast<unsigned>(across);
  grid.blocks.y = static_cast<unsigned>(std::min({down, most, std::int64_t{65535}}));
  return grid;
}

/// Calls f(row) for the thread's rows of `rows`.
template <class F>
__device__ void for_each_image_row(std::int64_t rows, F&& f) {
  const std::int64_t step = std::int64_t{gridDim.y} * blockDim.y;
  for (std::int64_t row = std::int64_t{blockIdx.y} * blockDim.y + threadIdx.y; row < rows;
       row += step) {
    f(row);
  }
}

}  // namespace plastic::cuda
