#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "core/check.h"
#include "cuda/reduce/arrivals.h"
#include "cuda/reduce/last_block.h"
#include "cuda/runtime/launch.h"
#include "cuda/runtime/scratch.h"

// How kernels go over a matrix whose rows are cut into packs: a thread stays in one column of packs
// and takes some of its rows, so that what belongs to the column is read once, and the threads of a
// row read neighbouring memory. Sums over the rows are added within a thread, then within its
// block, and those of the blocks by the block that finishes last, each in an order that depends on
// the sizes and the device alone, and not on which block that is.
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
/// No more blocks than `blocks_a_multiprocessor`, if columns allow, and none without `min_groups`
/// groups of rows a thread.
inline Grid column_grid(const Context& context, std::int64_t rows, std::int64_t packs,
                        int blocks_a_multiprocessor, std::int64_t min_groups) {
  Grid grid;
  grid.threads.x = power_of_two(packs, 32);
  grid.threads.y = power_of_two(rows, column_threads / grid.threads.x);
  grid.threads.x = power_of_two(packs, column_threads / grid.threads.y);
  const std::int64_t tiles = (packs + grid.threads.x - 1) / grid.threads.x;
  const std::int64_t wanted =
      std::int64_t{blocks_a_multiprocessor} * context.multiprocessors() / tiles;
  const std::int64_t most = rows / (std::int64_t{grid.threads.y} * rows_at_a_time * min_groups);
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

/// Where blocks (y) leave what they have of a result's sums, and for each block (x) how many have.
template <class Sum>
struct Shares {
  Sum* partial = nullptr;
  unsigned* arrived = nullptr;
};

/// Adds up the shares that gridDim.y blocks of `threads` threads left in `partial`, as [block][sum]
/// [column], and calls finish(column, sums) for the columns from `first` to `end` of `columns`.
/// Share i enters sum i % 32; these are added in a tree. All threads of the last block call it.
template <unsigned threads, unsigned count, class Sum, class Finish>
__device__ void join_shares(const Sum* partial, std::int64_t columns, std::int64_t first,
                            std::int64_t end, const Finish& finish) {
  constexpr unsigned lanes = 32;
  constexpr unsigned width = 32;
  // A warp reads neighbouring columns and has some of the 32 sums of each.
  constexpr unsigned warps = threads / width;
  constexpr unsigned own_lanes = lanes / warps;
  static_assert(warps * width == threads && own_lanes * warps == lanes);
  __shared__ Sum others[count][warps][width];
  const unsigned thread = threadIdx.y * blockDim.x + threadIdx.x;
  const unsigned warp = thread / width;
  for (std::int64_t begin = first; begin < end; begin += width) {
    const std::int64_t column = begin + thread % width;
    Sum sums[count][own_lanes] = {};
    if (column < end) {
#pragma unroll
      for (unsigned lane = 0; lane < own_lanes; ++lane) {
#pragma unroll 4
        for (unsigned i = lane * warps + warp; i < gridDim.y; i += lanes) {
          for (unsigned k = 0; k < count; ++k) {
            sums[k][lane] += __ldcg(partial + (std::int64_t{i} * count + k) * columns + column);
          }
        }
      }
    }
    // Sums 0 to 15 get those 16 further on, and so forth: first those of one thread.
    for (unsigned k = 0; k < count; ++k) {
#pragma unroll
      for (unsigned step = own_lanes / 2; step > 0; step /= 2) {
#pragma unroll
        for (unsigned lane = 0; lane < step; ++lane) sums[k][lane] += sums[k][lane + step];
      }
      others[k][warp][thread % width] = sums[k][0];
    }
    __syncthreads();
    for (unsigned step = warps / 2; step > 0; step /= 2) {
      if (warp < step) {
        for (unsigned k = 0; k < count; ++k) {
          others[k][warp][thread % width] += others[k][warp + step][thread % width];
        }
      }
      __syncthreads();
    }
    if (warp == 0 && column < end) {
      Sum totals[count];
      for (unsigned k = 0; k < count; ++k) totals[k] = others[k][0][thread];
      finish(column, totals);
    }
    // What the first warp reads is written again.
    __syncthreads();
  }
}

/// The end of a kernel that computes `count` sums of each column in blocks of column_threads
/// threads, if there are several for a column: calls finish(column, sums) for each, in the one
/// block that had all rows or in the last to finish. All threads call it.
template <unsigned count, unsigned width, class Sum, class Finish>
__device__ void finish_columns(Sum (&sums)[count][width], std::int64_t packs,
                               const Shares<Sum>& shares, const Finish& finish) {
  for (unsigned k = 0; k < count; ++k) sum_over_y(sums[k]);
  const std::int64_t pack = own_column();
  const std::int64_t columns = packs * width;
  const bool is_alone = gridDim.y == 1;
  for (unsigned j = 0; j < width && threadIdx.y == 0 && pack < packs; ++j) {
    const std::int64_t column = pack * width + j;
    if (is_alone) {
      Sum totals[count];
      for (unsigned k = 0; k < count; ++k) totals[k] = sums[k][j];
      finish(column, totals);
    } else {
      for (unsigned k = 0; k < count; ++k) {
        shares.partial[(std::int64_t{blockIdx.y} * count + k) * columns + column] = sums[k][j];
      }
    }
  }
  if (is_alone || !is_last_to_arrive(shares.arrived + blockIdx.x, gridDim.y)) return;
  const std::int64_t tile = std::int64_t{blockDim.x} * width;
  const std::int64_t first = blockIdx.x * tile;
  const std::int64_t end = first + tile < columns ? first + tile : columns;
  join_shares<column_threads, count>(shares.partial, columns, first, end, finish);
}

/// The memory of Shares for a kernel that computes `count` sums of each of `columns` columns.
template <class Sum>
class ShareMemory {
 public:
  ShareMemory(Context& context, const Grid& grid, unsigned count, std::int64_t columns)
      : partial_(context, grid.blocks.y == 1
                              ? 0
                              : std::size_t{grid.blocks.y} * count *
                                    static_cast<std::size_t>(columns) * sizeof(Sum)) {
    if (grid.blocks.y == 1) return;
    const Arrivals all = arrivals(context);
    if (grid.blocks.x > all.count) {
      fail("cuda", "sums are shared among ", grid.blocks.x, " x ", grid.blocks.y,
           " blocks; at most ", all.count, " of them can be");
    }
    arrived_ = all.counters;
  }

  Shares<Sum> shares() const { return {.partial = partial_.as<Sum>(), .arrived = arrived_}; }

 private:
  Scratch partial_;
  unsigned* arrived_ = nullptr;
};

}  // namespace plastic::cuda
