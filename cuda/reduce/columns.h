#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "cuda/runtime/launch.h"

// How kernels go over a matrix whose rows are cut into packs: a thread stays in one column of packs
// and takes some of its rows, so that what belongs to the column is read once, and the threads of a
// row read neighbouring memory. Sums over the rows are added within a thread, then within its
// block, and those of the blocks by a second kernel, each in an order that depends on the sizes and
// the device alone.
namespace plastic::cuda {

/// Threads in a block.
constexpr unsigned column_threads = 512;

/// Rows that a thread reads before it uses the first of them, unless it reads several arrays:
/// enough bytes under way to keep the memory busy.
constexpr unsigned rows_at_a_time = 4;

/// The least power of two that is `value` or more, but not more than `most`, a power of two.
inline unsigned power_of_two(std::int64_t value, unsigned most) {
  unsigned power = 1;
  while (power < value && power < most) power *= 2;
  return power;
}

/// Blocks of (x) columns and (y) threads that share their rows; blocks (y) take turns at the rows.
/// No more blocks than `blocks_a_multiprocessor`, if columns allow, and none without `least_groups`
/// groups of rows a thread.
inline Grid column_grid(const Context& context, std::int64_t rows, std::int64_t packs,
                        int blocks_a_multiprocessor, std::int64_t least_groups) {
  Grid grid;
  grid.threads.x = power_of_two(packs, 32);
  grid.threads.y = power_of_two(rows, column_threads / grid.threads.x);
  grid.threads.x = power_of_two(packs, column_threads / grid.threads.y);
  const std::int64_t tiles = (packs + grid.threads.x - 1) / grid.threads.x;
  const std::int64_t wanted =
      std::int64_t{blocks_a_multiprocessor} * context.multiprocessors() / tiles;
  const std::int64_t most = rows / (std::int64_t{grid.threads.y} * rows_at_a_time * least_groups);
  grid.blocks.x = static_cast<unsigned>(tiles);
  grid.blocks.y = static_cast<unsigned>(std::max<std::int64_t>(std::min(wanted, most), 1));
  return grid;
}

/// For kernels that sum and for those that do not, whose blocks leave nothing to be joined.
inline Grid column_sum_grid(const Context& context, std::int64_t rows, std::int64_t packs) {
  return column_grid(context, rows, packs, 2, 2);
}
inline Grid column_map_grid(const Context& context, std::int64_t rows, std::int64_t packs) {
  return column_grid(context, rows, packs, 4, 1);
}

/// The column of packs that the thread is in; not below `packs` where it has none.
__device__ inline std::int64_t own_column() {
  return std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
}

/// Calls f<count>(row) for the thread's rows: row, row + blockDim.y, ..., `count` of them, which
/// are `most` or 1. `from_last` begins with the last rows: a kernel that reads what another has
/// just read finds more of it in the cache.
template <unsigned most, class F>
__device__ void for_each_row_group(std::int64_t rows, bool from_last, F&& f) {
  const std::int64_t step = blockDim.y;
  const std::int64_t tile = step * most;
  const std::int64_t tiles = (rows + tile - 1) / tile;
  for (std::int64_t i = blockIdx.y; i < tiles; i += gridDim.y) {
    std::int64_t row = (from_last ? tiles - 1 - i : i) * tile + threadIdx.y;
    if (row + (most - 1) * step < rows) {
      f.template operator()<most>(row);
      continue;
    }
    for (; row < rows; row += step) f.template operator()<1>(row);
  }
}

/// Sums over the threads (y) of a block, of which there is a power of two; those with y = 0 get
/// them. All threads call it.
template <unsigned width, class Sum>
__device__ void sum_over_y(Sum (&sums)[width]) {
  __shared__ Sum others[width][column_threads / 2];
  for (unsigned step = blockDim.y / 2; step > 0; step /= 2) {
    const unsigned place = threadIdx.y % step * blockDim.x + threadIdx.x;
    // What was left there before may still be read.
    __syncthreads();
    if (threadIdx.y >= step && threadIdx.y < 2 * step) {
      for (unsigned j = 0; j < width; ++j) others[j][place] = sums[j];
    }
    __syncthreads();
    if (threadIdx.y < step) {
      for (unsigned j = 0; j < width; ++j) sums[j] += others[j][place];
    }
  }
}

/// The end of a kernel that computes `count` sums of each column: calls finish(column, sums) where
/// one block had all rows, and else leaves the block's share in `partial` for join_columns().
template <unsigned count, unsigned width, class Sum, class Finish>
__device__ void finish_columns(Sum (&sums)[count][width], std::int64_t packs, Sum* partial,
                               const Finish& finish) {
  for (unsigned k = 0; k < count; ++k) sum_over_y(sums[k]);
  const std::int64_t pack = own_column();
  if (threadIdx.y != 0 || pack >= packs) return;
  for (unsigned j = 0; j < width; ++j) {
    const std::int64_t column = pack * width + j;
    if (gridDim.y == 1) {
      Sum totals[count];
      for (unsigned k = 0; k < count; ++k) totals[k] = sums[k][j];
      finish(column, totals);
    } else {
      for (unsigned k = 0; k < count; ++k) {
        partial[(std::int64_t{blockIdx.y} * count + k) * packs * width + column] = sums[k][j];
      }
    }
  }
}

/// Elements of `partial` for that; 0 where none is needed.
inline std::size_t partial_count(const Grid& grid, unsigned count, std::int64_t columns) {
  return grid.blocks.y == 1
             ? 0
             : std::size_t{grid.blocks.y} * count * static_cast<std::size_t>(columns);
}

/// 8 columns a block, whose shares are read by 32 threads.
constexpr unsigned joined_columns = 8;

template <unsigned count, class Sum, class Finish>
__global__ void __launch_bounds__(block_threads)
    join_columns_kernel(const Sum* partial, unsigned shares, std::int64_t columns, Finish finish) {
  const std::int64_t column = own_column();
  Sum totals[count] = {};
  if (column < columns) {
    for (unsigned i = threadIdx.y; i < shares; i += blockDim.y) {
      for (unsigned k = 0; k < count; ++k) {
        totals[k] += partial[(std::int64_t{i} * count + k) * columns + column];
      }
    }
  }
  sum_over_y(totals);
  if (threadIdx.y == 0 && column < columns) finish(column, totals);
}

/// Joins what the blocks of `grid` left, if there were several.
template <unsigned count, class Sum, class Finish>
void join_columns(const Context& context, const char* name, const Grid& grid, const Sum* partial,
                  std::int64_t columns, const Finish& finish) {
  if (grid.blocks.y == 1) return;
  const Grid joining{
      .blocks = dim3(static_cast<unsigned>((columns + joined_columns - 1) / joined_columns)),
      .threads = dim3(joined_columns, block_threads / joined_columns)};
  launch(context, name, join_columns_kernel<count, Sum, Finish>, joining, partial, grid.blocks.y,
         columns, finish);
}

}  // namespace plastic::cuda
