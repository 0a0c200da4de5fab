#pragma once

// The instructions that multiply pairs of bf16, where this file is compiled for them: what
// pair_kernel.h and tile_kernel.h are made of. Compilers do not agree on a macro for AMX's:
// cmake/Levels.cmake defines PLASTIC_HAS_TILES.

#ifdef __AVX512BF16__

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace plastic::cpu {

/// AVX-512 BF16: VDPBF16PS.
struct Avx512Pairs {
  static constexpr std::int64_t width = 16;
  /// What the registers hold beside two vectors of B and one of A.
  static constexpr int max_rows = 14;
  using Sums = __m512;
  using Operand = __m512i;

  static Sums zero() { return _mm512_setzero_ps(); }
  static Sums load(const float* c) { return _mm512_loadu_ps(c); }
  static void store(float* c, Sums sums) { _mm512_storeu_ps(c, sums); }
  static Operand operand(const void* from) { return _mm512_loadu_si512(from); }
  static Operand everywhere(const void* from) {
    std::int32_t pair;
    std::memcpy(&pair, from, sizeof(pair));
    return _mm512_set1_epi32(pair);
  }
  static Sums add(Sums sums, Operand a, Operand b) {
    return _mm512_dpbf16_ps(sums, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
};

}  // namespace plastic::cpu

#endif

#ifdef PLASTIC_HAS_TILES

namespace plastic::cpu {

/// AMX: TDPBF16PS. While one lives, its thread's tiles are configured.
class AmxTiles {
 public:
  AmxTiles() {
    // Palette 1; then columns in bytes and rows of each tile (Intel's manual, volume 1, AMX).
    struct {
      std::uint8_t palette = 1, start_row = 0;
      std::uint8_t reserved[14] = {};
      std::uint16_t column_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } const configuration;
    static_assert(sizeof(configuration) == 64);
    // g++'s intrinsic says that it reads the first 8 bytes.
    const auto* const at = &configuration;
    __asm__ volatile("" : : "r"(at) : "memory");
    _tile_loadconfig(at);
  }
  ~AmxTiles() { _tile_release(); }
  AmxTiles(const AmxTiles&) = delete;
  AmxTiles& operator=(const AmxTiles&) = delete;

  // g++'s intrinsics are macros that need the tile's number as it is written.
  template <int tile>
  void zero() {
    if constexpr (tile == 0) _tile_zero(0);
    if constexpr (tile == 1) _tile_zero(1);
    if constexpr (tile == 2) _tile_zero(2);
    if constexpr (tile == 3) _tile_zero(3);
    static_assert(tile >= 0 && tile < 4);
  }
  template <int tile>
  void load(const void* from, std::int64_t stride) {
    if constexpr (tile == 0) _tile_loadd(0, from, stride);
    if constexpr (tile == 1) _tile_loadd(1, from, stride);
    if constexpr (tile == 2) _tile_loadd(2, from, stride);
    if constexpr (tile == 3) _tile_loadd(3, from, stride);
    if constexpr (tile == 4) _tile_loadd(4, from, stride);
    if constexpr (tile == 5) _tile_loadd(5, from, stride);
    if constexpr (tile == 6) _tile_loadd(6, from, stride);
    if constexpr (tile == 7) _tile_loadd(7, from, stride);
    static_assert(tile >= 0 && tile < 8);
  }
  template <int tile>
  void store(void* to, std::int64_t stride) {
    if constexpr (tile == 0) _tile_stored(0, to, stride);
    if constexpr (tile == 1) _tile_stored(1, to, stride);
    if constexpr (tile == 2) _tile_stored(2, to, stride);
    if constexpr (tile == 3) _tile_stored(3, to, stride);
    static_assert(tile >= 0 && tile < 4);
  }
  template <int c, int a, int b>
  void add() {
    if constexpr (c == 0) _tile_dpbf16ps(0, 4, 6);
    if constexpr (c == 1) _tile_dpbf16ps(1, 4, 7);
    if constexpr (c == 2) _tile_dpbf16ps(2, 5, 6);
    if constexpr (c == 3) _tile_dpbf16ps(3, 5, 7);
    static_assert(c >= 0 && c < 4 && a == 4 + c / 2 && b == 6 + c % 2);
  }
};

}  // namespace plastic::cpu

#endif
