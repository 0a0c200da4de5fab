#pragma once

#include <algorithm>
#include <cstdint>

#include "core/cpu/bf16/pack.h"
#include "core/cpu/scratch.h"
#include "core/threads/parallel.h"
#include "plastic/core/device.h"

namespace plastic::cpu {

/// A block of a product, of whole panels: C (rows, panels · columns) = A · B, or added to C.
struct UnitBlock {
  /// Units of k in a segment, a multiple of the kernel's unit_step, and segments, which follow each
  /// other in B.
  std::int64_t units = 0;
  std::int64_t segments = 1;
  /// Rows to compute; memory has room for a multiple of the kernel's row_step.
  std::int64_t rows = 0;
  /// Rows of units of each segment, `a_stride` bytes apart.
  const void* const* a = nullptr;
  std::int64_t a_stride = 0;
  /// One panel after the other, `panel` units apart.
  const float* b = nullptr;
  std::int64_t panel = 0;
  std::int64_t panels = 0;
  float* c = nullptr;
  std::int64_t ldc = 0;
  bool accumulate = false;
};

namespace detail {

/// Units of k that are multiplied at a time: rows of A of that length stay in the second cache.
constexpr std::int64_t block_units = 512;
/// Units of B that are packed at a time, 16 MB, and of k that they may be long.
constexpr std::int64_t group_size = 1 << 22;
constexpr std::int64_t longest_group = 1 << 13;
/// Rows of C that a thread computes at a time, and columns.
constexpr std::int64_t min_block_rows = 32;
constexpr std::int64_t max_block_rows = 128;
constexpr std::int64_t max_block_columns = 512;
/// Terms below which a product is not worth a second thread, and units below which packing is not.
constexpr std::int64_t parallel_terms = 1 << 17;
constexpr std::int64_t parallel_units = 1 << 13;

constexpr std::int64_t round_up(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace detail

/// A product C (m, n) = A (m, k) · B (k, n) of bf16, summed in f32: an element of C is summed in
/// the same order whatever the number of threads. A and B are operands as pack.h has them. Calls
/// store(row, column, count, sums) once for each piece of a row of C, with sums that it may
/// overwrite, from any thread.
///
/// A kernel has: `beats_winograd` (Bf16Products); `terms`, in a unit; `unit_step`, `row_step`, of
/// which it multiplies multiples; `columns`, of a panel; a constructor, called by each thread that
/// is to multiply; multiply(UnitBlock).
template <class Kernel, class A, class B, class Store>
void multiply(std::int64_t m, std::int64_t n, std::int64_t k, const A& a, const B& b,
              const Store& store) {
  using namespace detail;
  constexpr int terms = Kernel::terms;
  constexpr std::int64_t columns = Kernel::columns;
  if (m == 0 || n == 0) return;
  const std::int64_t units = round_up((k + terms - 1) / terms, Kernel::unit_step);
  const std::int64_t group_units = std::clamp<std::int64_t>(units, 1, longest_group);
  const std::int64_t group_columns = std::clamp<std::int64_t>(
      group_size / group_units / columns * columns, columns, round_up(n, columns));
  const bool is_split = group_units < units;
  const auto threads = static_cast<std::int64_t>(num_threads());
  const std::int64_t block_rows = std::clamp(
      round_up((m + threads - 1) / threads, Kernel::row_step), min_block_rows, max_block_rows);
  const std::int64_t row_blocks = (m + block_rows - 1) / block_rows;
  for (std::int64_t column = 0; column < n; column += group_columns) {
    const std::int64_t lines = std::min(group_columns, n - column);
    const std::int64_t panels = (lines + columns - 1) / columns;
    const std::int64_t padded = panels * columns;
    const std::int64_t column_blocks =
        std::min(panels, std::max((threads + row_blocks - 1) / row_blocks,
                                  (padded + max_block_columns - 1) / max_block_columns));
    const Scratch<float> packed(group_units * padded);
    // Where k does not fit into one group, sums wait here for the next one.
    const std::int64_t waiting_rows = round_up(row_blocks * block_rows, Kernel::row_step);
    const Scratch<float> waiting(is_split ? waiting_rows * padded : 0);
    for (std::int64_t first = 0; first < std::max<std::int64_t>(units, 1); first += group_units) {
      const UnitRange<terms> group{k, first, std::min(group_units, units - first)};
      const std::int64_t steps = pack_steps<terms, columns>(b, group, lines);
      const std::int64_t units_in_step =
          std::max<std::int64_t>(1, group.count * padded / std::max<std::int64_t>(steps, 1));
      parallel_for(0, steps, std::max<std::int64_t>(1, parallel_units / units_in_step),
                   [&](std::int64_t begin, std::int64_t end) {
                     pack_panels<terms, columns>(b, group, column, lines, begin, end,
                                                 packed.data());
                   });
      const std::int64_t terms_in_block =
          std::min(block_rows, m) * (padded / column_blocks) * std::max(group.count, columns);
      parallel_for(
          0, row_blocks * column_blocks, (parallel_terms + terms_in_block - 1) / terms_in_block,
          [&](std::int64_t first_task, std::int64_t last_task) {
            Kernel kernel;
            const std::int64_t widest = (panels + column_blocks - 1) / column_blocks * columns;
            const std::int64_t longest = std::min(block_units, group.count);
            const Scratch<float> rows_of_a(round_up(block_rows, Kernel::row_step) * longest);
            const Scratch<float> sums(is_split ? 0
                                               : round_up(block_rows, Kernel::row_step) * widest);
            for (std::int64_t task = first_task; task < last_task; ++task) {
              const std::int64_t row = task / column_blocks * block_rows;
              const std::int64_t rows = std::min(block_rows, m - row);
              const std::int64_t padded_rows = round_up(rows, Kernel::row_step);
              const std::int64_t first_panel = panels * (task % column_blocks) / column_blocks;
              const std::int64_t last_panel = panels * (task % column_blocks + 1) / column_blocks;
              UnitBlock block{.rows = rows,
                              .panel = group.count * columns,
                              .panels = last_panel - first_panel,
                              .c = is_split ? waiting.data() + row * padded + first_panel * columns
                                            : sums.data(),
                              .ldc = is_split ? padded : widest};
              for (std::int64_t u = 0; u < group.count; u += block_units) {
                const UnitRange<terms> range{k, group.first + u,
                                             std::min(block_units, group.count - u)};
                block.units = range.count;
                block.accumulate = range.first > 0;
                block.b = packed.data() + first_panel * block.panel + u * columns;
                const void* segment = nullptr;
                block.a = &segment;
                // Whole units of rows that lie along k are read where they are.
                if constexpr (terms == 2 && A::is_along_k && A::is_in_place) {
                  if (a.stride % terms == 0 && range.k0() + range.count * terms <= k &&
                      rows == padded_rows) {
                    segment = a.along(row, range.k0(), 0, nullptr);
                    block.a_stride = a.stride * static_cast<std::int64_t>(sizeof(bfloat16));
                  }
                }
                if (segment == nullptr) {
                  pack_rows(a, range, row, rows, padded_rows, rows_of_a.data(), longest);
                  segment = rows_of_a.data();
                  block.a_stride = longest * static_cast<std::int64_t>(sizeof(float));
                }
                kernel.multiply(block);
              }
              if (group.first + group.count < units) continue;
              const std::int64_t begin = first_panel * columns;
              const std::int64_t count = std::min(last_panel * columns, lines) - begin;
              for (std::int64_t i = 0; i < rows; ++i) {
                float* line = block.c + i * block.ldc;
                if (units == 0) std::fill_n(line, count, 0.0F);
                store(row + i, column + begin, count, line);
              }
            }
          });
    }
  }
}

}  // namespace plastic::cpu
