#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "cuda/runtime/check.h"
#include "cuda/runtime/context.h"

namespace plastic::cuda {

/// Threads in a block unless a kernel says otherwise.
constexpr unsigned block_threads = 256;

/// How many blocks and threads a kernel runs on.
struct Grid {
  dim3 blocks = 1;
  dim3 threads = block_threads;
};

/// Enough blocks for one thread an element, but no more than stay resident by some factor: kernels
/// stride over what is left. `count` is at least 1.
inline Grid grid_for(const Context& context, std::int64_t count) {
  const std::int64_t needed = (count + block_threads - 1) / block_threads;
  const std::int64_t most = std::int64_t{32} * context.multiprocessors();
  return {.blocks = dim3(static_cast<unsigned>(std::min(needed, most)))};
}

/// Runs `kernel` in the order of the device's stream. `name` is for errors.
template <class... Parameters, class... Arguments>
void launch(const Context& context, const char* name, void (*kernel)(Parameters...),
            const Grid& grid, const Arguments&... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid.blocks;
  config.blockDim = grid.threads;
  config.stream = context.stream();
  check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...), name, " on ",
        grid.blocks.x, " x ", grid.blocks.y, " blocks");
}

}  // namespace plastic::cuda
