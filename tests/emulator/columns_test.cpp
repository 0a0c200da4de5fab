// How blocks share columns and their sums are joined, as on a device of many multiprocessors.
#include "cuda/reduce/columns.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <numeric>
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

/// Counts how often each row is visited.
__global__ void visit(std::int64_t rows, bool from_last, unsigned* visits) {
  for_each_row_group<rows_at_a_time>(rows, from_last, [&]<unsigned count>(std::int64_t row) {
    for (unsigned i = 0; i < count; ++i) ++visits[row + std::int64_t{i} * blockDim.y];
  });
}

TEST_CASE("cuda.columns.shares_are_joined") {
  Context& context = Context::of(0);
  for (const unsigned shares : {2U, 31U, 32U, 33U, 264U}) {
    for (const std::int64_t columns : {1, 8, 13}) {
      CAPTURE(shares);
      CAPTURE(columns);
      std::vector<double> partial(shares * 2 * static_cast<std::size_t>(columns));
      std::iota(partial.begin(), partial.end(), 1.0);
      const Scratch from(context, partial.size() * sizeof(double));
      const Scratch to(context, 2 * static_cast<std::size_t>(columns) * sizeof(double));
      cudaMemcpyAsync(from.as<double>(), partial.data(), partial.size() * sizeof(double),
                      cudaMemcpyHostToDevice, context.stream());
      join_columns<2>(context, "join", Grid{.blocks = dim3(1, shares)}, from.as<const double>(),
                      columns, WriteBoth{to.as<double>()});
      std::vector<double> sums(2 * static_cast<std::size_t>(columns));
      cudaMemcpyAsync(sums.data(), to.as<double>(), sums.size() * sizeof(double),
                      cudaMemcpyDeviceToHost, context.stream());
      context.wait("test");
      for (std::size_t c = 0; c < static_cast<std::size_t>(columns); ++c) {
        for (std::size_t k = 0; k < 2; ++k) {
          double expected = 0;
          for (std::size_t i = 0; i < shares; ++i) {
            expected += partial[(i * 2 + k) * static_cast<std::size_t>(columns) + c];
          }
          CHECK(sums[2 * c + k] == expected);
        }
      }
    }
  }
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
