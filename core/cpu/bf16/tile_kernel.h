#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/cpu/bf16/product.h"

namespace plastic::cpu {

/// Multiplies pairs by an instruction for whole tiles of 16 rows of 64 bytes, of which there are
/// eight. Tiles is the instructions, or a model of them (models.h); its constructor prepares them
/// for its thread:
///   load<t>(from, stride), store<t>(to, stride), zero<t>(), strides in bytes;
///   add<c, a, b>(): tile c plus the product of 16 rows of 16 pairs with 16 rows of units of 16
///   columns.
template <class Tiles>
class TileKernel {
 public:
  /// 16 products at a time are more.
  static constexpr bool beats_winograd = true;
  static constexpr int terms = 2;
  static constexpr std::int64_t unit_step = 16;
  static constexpr std::int64_t row_step = 16;
  static constexpr std::int64_t columns = 32;

  void multiply(const UnitBlock& block) {
    // Instructions may be unknown to the compiler as readers of what was packed.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    for (std::int64_t panel = 0; panel < block.panels; ++panel) {
      for (std::int64_t row = 0; row < block.rows; row += 32) {
        if (row + 16 < block.rows) {
          square<true>(block, row, panel);
        } else {
          square<false>(block, row, panel);
        }
      }
    }
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }

 private:
  /// 32 columns of 32 rows, if they are `tall`, or of 16.
  template <bool tall>
  void square(const UnitBlock& block, std::int64_t row, std::int64_t panel) {
    constexpr std::int64_t unit = sizeof(float);
    constexpr std::int64_t b_stride = columns * unit;
    const std::int64_t c_stride = block.ldc * unit;
    const float* b = block.b + panel * block.panel;
    float* const c = block.c + row * block.ldc + panel * columns;
    float* const lower_c = c + 16 * block.ldc;
    if (block.accumulate) {
      tiles_.template load<0>(c, c_stride);
      tiles_.template load<1>(c + 16, c_stride);
      if constexpr (tall) {
        tiles_.template load<2>(lower_c, c_stride);
        tiles_.template load<3>(lower_c + 16, c_stride);
      }
    } else {
      tiles_.template zero<0>();
      tiles_.template zero<1>();
      tiles_.template zero<2>();
      tiles_.template zero<3>();
    }
    for (std::int64_t segment = 0; segment < block.segments; ++segment) {
      const auto* a = static_cast<const std::byte*>(block.a[segment]) + row * block.a_stride;
      for (std::int64_t u = 0; u < block.units; u += unit_step) {
        tiles_.template load<4>(a + u * unit, block.a_stride);
        tiles_.template load<6>(b, b_stride);
        tiles_.template load<7>(b + 16, b_stride);
        tiles_.template add<0, 4, 6>();
        tiles_.template add<1, 4, 7>();
        if constexpr (tall) {
          tiles_.template load<5>(a + u * unit + 16 * block.a_stride, block.a_stride);
          tiles_.template add<2, 5, 6>();
          tiles_.template add<3, 5, 7>();
        }
        b += unit_step * columns;
      }
    }
    tiles_.template store<0>(c, c_stride);
    tiles_.template store<1>(c + 16, c_stride);
    if constexpr (tall) {
      tiles_.template store<2>(lower_c, c_stride);
      tiles_.template store<3>(lower_c + 16, c_stride);
    }
  }

  Tiles tiles_;
};

}  // namespace plastic::cpu
