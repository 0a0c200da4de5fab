#pragma once

#include <algorithm>

#include "core/cpu/bf16/product.h"
#include "core/cpu/gemm/gemm_kernel.h"

namespace plastic::cpu {

/// Multiplies numbers that packing widened, by the kernel of f32 products.
struct WideKernel {
  static constexpr bool beats_winograd = false;
  static constexpr int terms = 1;
  static constexpr std::int64_t unit_step = 1;
  static constexpr std::int64_t row_step = 1;
  static constexpr std::int64_t columns = tile_columns<float>;

  void multiply(const UnitBlock& block) const {
    for (std::int64_t panel = 0; panel < block.panels; ++panel) {
      for (std::int64_t segment = 0; segment < block.segments; ++segment) {
        multiply_rows<float>({.k = block.units,
                              .a = static_cast<const float*>(block.a[segment]),
                              .a_row = block.a_stride / static_cast<std::int64_t>(sizeof(float)),
                              .a_k = 1,
                              .b = block.b + panel * block.panel + segment * block.units * columns,
                              .c = block.c + panel * columns,
                              .ldc = block.ldc,
                              .accumulate = block.accumulate || segment > 0},
                             block.rows, columns);
      }
    }
  }
};

}  // namespace plastic::cpu
