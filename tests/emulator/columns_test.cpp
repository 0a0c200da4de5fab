// How blocks share columns and their sums are joined, as on a device of many multiprocessors.
#include "cuda/reduce/columns.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "cuda/runtime/scratch.h"

namespace plastic::cuda {
namespace {

struct WriteBoth {
  double* out;
  __device__ void operator()(std::int64_t column, const double (&sums)[2]) const {
    out[2 * column] = sums[0];
    out[2 * column + 1] = sums[1];
  }
};

/// Hands in numbers that tell blocks, sums and columns apart: 1 for the first.
template <unsigned width>
__global__ void share(std::int64_t packs, Shares<double> shares, WriteBoth finish) {
  double sums[2][width] = {};
  for (unsigned k = 0; k < 2; ++k) {
    for (unsigned j = 0; j < width && threadIdx.y == 0; ++j) {
      const std::int64_t place = (std::int64_t{blockIdx.y} * 2 + k) * packs * width;
      sums[k][j] = static_cast<double>(place + own_column() * width + j + 1);
    }
  }
  finish_columns(sums, packs, shares, finish);
}

__global__ void share_roots(Shares<double> shares, WriteBoth finish) {
  double sums[2][1] = {};
  if (threadIdx.y == 0) sums[0][0] = sums[1][0] = std::sqrt(blockIdx.y + 1.0);
  finish_columns(sums, 8, shares, finish);
}

/// Counts how often each row is visited.
__global__ void visit(std::int64_t rows, bool from_last, unsigned* visits) {
  for_each_row_group<rows_at_a_time>(rows, from_last, [&]<unsigned count>(std::int64_t row) {
    for (unsigned i = 0; i < count; ++i) ++visits[row + std::int64_t{i} * blockDim.y];
  });
}

template <unsigned width>
void check_shares(unsigned blocks, unsigned threads, std::int64_t packs) {
  CAPTURE(width);
  CAPTURE(blocks);
  CAPTURE(threads);
  CAPTURE(packs);
  Context& context = Context::of(0);
  const std::int64_t columns = packs * width;
  const auto tiles = static_cast<unsigned>((packs + threads - 1) / threads);
  const Grid grid{.blocks = dim3(tiles, blocks),
                  .threads = dim3(threads, column_threads / threads)};
  const ShareMemory<double> memory(context, grid, 2, columns);
  const Scratch to(context, 2 * static_cast<std::size_t>(columns) * sizeof(double));
  std::vector<double> sums(2 * static_cast<std::size_t>(columns));
  // The counters are as they were.
  for (int again = 0; again < 2; ++again) {
    launch(context, "share", share<width>, grid, packs, memory.shares(),
           WriteBoth{to.as<double>()});
    cudaMemcpyAsync(sums.data(), to.as<double>(), sums.size() * sizeof(double),
                    cudaMemcpyDeviceToHost, context.stream());
    context.wait("test");
    for (std::size_t c = 0; c < static_cast<std::size_t>(columns); ++c) {
      for (std::size_t k = 0; k < 2; ++k) {
        double expected = 0;
        for (std::size_t i = 0; i < blocks; ++i) {
          expected += static_cast<double>((i * 2 + k) * static_cast<std::size_t>(columns) + c + 1);
        }
        CHECK(sums[2 * c + k] == expected);
      }
    }
  }
}

TEST_CASE("cuda.columns.shares_are_joined") {
  for (const unsigned blocks : {1U, 2U, 31U, 32U, 33U, 264U}) {
    check_shares<1>(blocks, 1, 1);
    check_shares<1>(blocks, 8, 13);
    check_shares<2>(blocks, 32, 33);
    check_shares<4>(blocks, 16, 16);
  }
}

// In f64, where the order shows: that of the sums of one thread, then a tree over 32 of them.
TEST_CASE("cuda.columns.shares_are_added_in_a_fixed_order") {
  Context& context = Context::of(0);
  constexpr unsigned blocks = 75;
  const Grid grid{.blocks = dim3(1, blocks), .threads = dim3(8, column_threads / 8)};
  const ShareMemory<double> memory(context, grid, 2, 8);
  const Scratch to(context, 16 * sizeof(double));
  launch(context, "share", share_roots, grid, memory.shares(), WriteBoth{to.as<double>()});
  std::vector<double> sums(16);
  cudaMemcpyAsync(sums.data(), to.as<double>(), sums.size() * sizeof(double),
                  cudaMemcpyDeviceToHost, context.stream());
  context.wait("test");
  double lanes[32] = {};
  for (unsigned i = 0; i < blocks; ++i) lanes[i % 32] += std::sqrt(i + 1.0);
  for (unsigned step = 16; step > 0; step /= 2) {
    for (unsigned lane = 0; lane < step; ++lane) lanes[lane] += lanes[lane + step];
  }
  CHECK(sums == std::vector<double>(16, lanes[0]));
}

TEST_CASE("cuda.columns.every_row_is_visited_once") {
  Context& context = Context::of(0);
  for (const std::int64_t rows : {1, 3, 31, 32, 127, 128, 129, 1000}) {
    for (const bool from_last : {false, true}) {
      for (const unsigned blocks : {1U, 3U, 40U}) {
        CAPTURE(rows);
        CAPTURE(from_last);
        CAPTURE(blocks);
        const std::size_t bytes = static_cast<std::size_t>(rows) * sizeof(unsigned);
        const Scratch visits(context, bytes);
        cudaMemsetAsync(visits.as<void>(), 0, bytes, context.stream());
        const Grid grid{.blocks = dim3(1, blocks), .threads = dim3(1, 32)};
        launch(context, "visit", visit, grid, rows, from_last, visits.as<unsigned>());
        std::vector<unsigned> counts(static_cast<std::size_t>(rows));
        cudaMemcpyAsync(counts.data(), visits.as<void>(), bytes, cudaMemcpyDeviceToHost,
                        context.stream());
        context.wait("test");
        CHECK(counts == std::vector<unsigned>(counts.size(), 1));
      }
    }
  }
}

TEST_CASE("cuda.columns.grids_are_valid") {
  Context& context = Context::of(0);
  for (const std::int64_t rows : {0, 1, 5, 100, 1'000'000}) {
    for (const std::int64_t packs : {1, 3, 16, 33, 1'000'000}) {
      for (const Grid& grid :
           {column_sum_grid(context, rows, packs), column_map_grid(context, rows, packs)}) {
        CHECK(grid.threads.x * grid.threads.y <= column_threads);
        CHECK((grid.threads.y & (grid.threads.y - 1)) == 0);
        CHECK(std::int64_t{grid.blocks.x} * grid.threads.x >= packs);
        CHECK(grid.blocks.y >= 1);
        // No block without rows.
        CHECK((grid.blocks.y == 1 || std::int64_t{grid.blocks.y} * grid.threads.y <= rows));
      }
    }
  }
}

}  // namespace
}  // namespace plastic::cuda
