#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "core/fused.h"
#include "core/tensor/bfloat16.h"

// The instructions that multiply pairs of bf16, in plain C++, with the bits that Intel's manual
// (volume 2: VDPBF16PS, TDPBF16PS) gives their results but for the payload of NaN: every product is
// added by a fused multiply-add that rounds to nearest even, takes denormal numbers for 0 and
// returns 0 for them.

namespace plastic::test {

inline float without_denormals(float x) {
  return std::abs(x) < std::numeric_limits<float>::min() ? std::copysign(0.0F, x) : x;
}

/// a · b + c.
inline float fused(float a, float b, float c) {
  a = without_denormals(a);
  b = without_denormals(b);
  c = without_denormals(c);
  const float sum = fused_product(a, b, c);
  constexpr float least = std::numeric_limits<float>::min();
  if (!(std::abs(sum) <= least) || sum == 0) return sum;
  // Whether it is denormal is decided as if exponents had no limit, so it is rounded where they
  // have none. What is that small is a sum of numbers that are far from the largest.
  constexpr float scale = 0x1p64F;
  const float scaled = fused_product(a * scale, b, c * scale);
  return std::abs(scaled) < least * scale ? std::copysign(0.0F, sum) : sum;
}

/// The two numbers of a unit.
struct Pair {
  explicit Pair(std::uint32_t unit)
      : low(std::bit_cast<float>(unit << 16)), high(std::bit_cast<float>(unit & 0xFFFF0000U)) {}

  float low, high;
};

/// VDPBF16PS with 16 places: Pairs of PairKernel.
struct ModelOfPairs {
  static constexpr std::int64_t width = 16;
  static constexpr int max_rows = 4;
  struct Sums {
    float of[width];
  };
  struct Operand {
    std::uint32_t units[width];
  };

  static Sums zero() { return {}; }
  static Sums load(const float* c) {
    Sums sums;
    std::memcpy(sums.of, c, sizeof(sums.of));
    return sums;
  }
  static void store(float* c, const Sums& sums) { std::memcpy(c, sums.of, sizeof(sums.of)); }
  static Operand operand(const void* from) {
    Operand out;
    std::memcpy(out.units, from, sizeof(out.units));
    return out;
  }
  static Operand everywhere(const void* from) {
    std::uint32_t unit;
    std::memcpy(&unit, from, sizeof(unit));
    Operand out;
    for (std::uint32_t& place : out.units) place = unit;
    return out;
  }
  static Sums add(Sums sums, const Operand& a, const Operand& b) {
    for (int i = 0; i < width; ++i) {
      const Pair x(a.units[i]), y(b.units[i]);
      sums.of[i] = fused(x.high, y.high, sums.of[i]);
      sums.of[i] = fused(x.low, y.low, sums.of[i]);
    }
    return sums;
  }
};

/// AMX with tiles of 16 rows of 64 bytes: Tiles of TileKernel.
class ModelOfTiles {
 public:
  template <int tile>
  void zero() {
    std::memset(tiles_[tile], 0, sizeof(tiles_[tile]));
  }
  template <int tile>
  void load(const void* from, std::int64_t stride) {
    for (int row = 0; row < size; ++row) {
      std::memcpy(tiles_[tile][row], static_cast<const std::byte*>(from) + row * stride,
                  sizeof(tiles_[tile][row]));
    }
  }
  template <int tile>
  void store(void* to, std::int64_t stride) {
    for (int row = 0; row < size; ++row) {
      std::memcpy(static_cast<std::byte*>(to) + row * stride, tiles_[tile][row],
                  sizeof(tiles_[tile][row]));
    }
  }
  /// Even and odd places of k are summed apart, then joined, then added.
  template <int c, int a, int b>
  void add() {
    for (int m = 0; m < size; ++m) {
      float even[size] = {}, odd[size] = {};
      for (int k = 0; k < size; ++k) {
        const Pair x(tiles_[a][m][k]);
        for (int n = 0; n < size; ++n) {
          const Pair y(tiles_[b][k][n]);
          even[n] = fused(x.low, y.low, even[n]);
          odd[n] = fused(x.high, y.high, odd[n]);
        }
      }
      for (int n = 0; n < size; ++n) {
        const float both = without_denormals(even[n] + odd[n]);
        const float before = without_denormals(std::bit_cast<float>(tiles_[c][m][n]));
        tiles_[c][m][n] = std::bit_cast<std::uint32_t>(without_denormals(before + both));
      }
    }
  }

 private:
  static constexpr int size = 16;

  std::uint32_t tiles_[8][size][size] = {};
};

}  // namespace plastic::test
