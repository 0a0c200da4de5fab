#pragma once

#include <cstddef>
#include <cstdint>

#include "core/cpu/bf16/product.h"

namespace plastic::cpu {

/// Multiplies pairs by an instruction that adds both products of two pairs to a sum of f32, in
/// every place of a vector. Pairs is the instruction, or a model of it (models.h):
///   Sums, `width` sums; Operand, as many pairs;
///   zero(), load(c), store(c, sums);
///   operand(from), of `width` pairs; everywhere(from), one pair in every place;
///   add(sums, a, b): both products.
template <class Pairs>
class PairKernel {
 public:
  /// Two products at a time are less than Winograd saves (docs/winograd.md, section 7).
  static constexpr bool beats_winograd = false;
  static constexpr int terms = 2;
  static constexpr std::int64_t unit_step = 1;
  static constexpr std::int64_t row_step = 1;
  static constexpr std::int64_t columns = 2 * Pairs::width;

  void multiply(const UnitBlock& block) const {
    const std::int64_t tiles = (block.rows + Pairs::max_rows - 1) / Pairs::max_rows;
    for (std::int64_t panel = 0; panel < block.panels; ++panel) {
      for (std::int64_t i = 0; i < tiles; ++i) {
        const std::int64_t first = block.rows * i / tiles;
        tile<Pairs::max_rows>(block, first, block.rows * (i + 1) / tiles - first, panel);
      }
    }
  }

 private:
  template <int rows>
  static void tile(const UnitBlock& block, std::int64_t row, std::int64_t count,
                   std::int64_t panel) {
    if (count < rows) {
      if constexpr (rows > 1) tile<rows - 1>(block, row, count, panel);
      return;
    }
    const float* b = block.b + panel * block.panel;
    float* c = block.c + row * block.ldc + panel * columns;
    typename Pairs::Sums sums[rows][2];
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 2
      for (int j = 0; j < 2; ++j) {
        sums[i][j] =
            block.accumulate ? Pairs::load(c + i * block.ldc + j * Pairs::width) : Pairs::zero();
      }
    }
    for (std::int64_t segment = 0; segment < block.segments; ++segment) {
      const auto* a = static_cast<const std::byte*>(block.a[segment]) + row * block.a_stride;
      for (std::int64_t u = 0; u < block.units; ++u, a += sizeof(float), b += columns) {
        const typename Pairs::Operand right[2] = {Pairs::operand(b),
                                                  Pairs::operand(b + Pairs::width)};
#pragma GCC unroll 16
        for (int i = 0; i < rows; ++i) {
          const typename Pairs::Operand left = Pairs::everywhere(a + i * block.a_stride);
#pragma GCC unroll 2
          for (int j = 0; j < 2; ++j) sums[i][j] = Pairs::add(sums[i][j], left, right[j]);
        }
      }
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 2
      for (int j = 0; j < 2; ++j) {
        Pairs::store(c + i * block.ldc + j * Pairs::width, sums[i][j]);
      }
    }
  }
};

}  // namespace plastic::cpu
