#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Kernels are compiled once for each level of vector instructions. A program uses the highest one
// that its processor has and that is worth it (level_worth.h), or what PLASTIC_ISA in the
// environment names. cmake/Levels.cmake says which files are kernels, and keeps functions of levels
// apart. Levels with instructions for bf16 have products of bf16 of their own
// (core/cpu/bf16/products.cpp) and all else from the level before.

// What a level is called in names of functions: the file that is compiled for level L defines
// PLASTIC_AT_LEVEL(f) as f_L. Files that are compiled once are of the baseline.
#ifndef PLASTIC_LEVEL
#define PLASTIC_LEVEL baseline
#endif
#define PLASTIC_JOINED(name, level) name##_##level
#define PLASTIC_JOIN(name, level) PLASTIC_JOINED(name, level)
#define PLASTIC_AT_LEVEL(name) PLASTIC_JOIN(name, PLASTIC_LEVEL)

// The function `name` at each level, in the order of Level: null where this build lacks the level.
// Those with instructions for bf16 have it from PLASTIC_BF16_LEVELS_OF() alone.
#define PLASTIC_LEVELS_OF(name) \
  { PLASTIC_BASELINE(name), PLASTIC_AVX2(name), PLASTIC_AVX512(name) }
#define PLASTIC_BF16_LEVELS_OF(name)                                                             \
  {                                                                                              \
    PLASTIC_BASELINE(name), PLASTIC_AVX2(name), PLASTIC_AVX512(name), PLASTIC_AVX512_BF16(name), \
        PLASTIC_AMX(name)                                                                        \
  }
#ifdef PLASTIC_HAS_BASELINE
#define PLASTIC_BASELINE(name) &name##_baseline
#else
#define PLASTIC_BASELINE(name) decltype (&name##_baseline)()
#endif
#ifdef PLASTIC_HAS_AVX2
#define PLASTIC_AVX2(name) &name##_avx2
#else
#define PLASTIC_AVX2(name) decltype (&name##_avx2)()
#endif
#ifdef PLASTIC_HAS_AVX512
#define PLASTIC_AVX512(name) &name##_avx512
#else
#define PLASTIC_AVX512(name) decltype (&name##_avx512)()
#endif
#ifdef PLASTIC_HAS_AVX512_BF16
#define PLASTIC_AVX512_BF16(name) &name##_avx512_bf16
#else
#define PLASTIC_AVX512_BF16(name) decltype (&name##_avx512_bf16)()
#endif
#ifdef PLASTIC_HAS_AMX
#define PLASTIC_AMX(name) &name##_amx
#else
#define PLASTIC_AMX(name) decltype (&name##_amx)()
#endif

namespace plastic::cpu {

/// Each includes those before it.
enum class Level : std::uint8_t {
  /// What the build's own flags allow: SSE2 on every x86-64, NEON on every 64-bit Arm.
  baseline,
  /// AVX2 and FMA.
  avx2,
  /// AVX-512 F, BW, DQ and VL.
  avx512,
  /// With AVX-512 BF16: VDPBF16PS.
  avx512_bf16,
  /// With AMX's tiles of bf16: TDPBF16PS.
  amx,
};

/// As in PLASTIC_ISA.
std::string_view to_string(Level level);

/// The levels of this build, at least one; CMake's PLASTIC_LEVELS leaves out others.
std::span<const Level> built_levels();

/// Whether this processor, and its operating system, can run a level.
bool is_supported(Level level);

/// The level that this program uses, which never changes while it runs. Throws Error where
/// PLASTIC_ISA names one that does not exist, or that this build or this processor lacks, and where
/// the processor has none of the build's.
Level level();

/// What the kernels of a level are compiled for, such as "AVX2 and FMA, vectors of 32 bytes".
std::string description(Level level);

/// How a level computes in bf16, such as "products by AMX's tiles".
std::string bf16_description(Level level);

/// The variant of a function that this program uses, of PLASTIC_LEVELS_OF() it: that of its level,
/// or the last one. Throws as level().
template <class Function, std::size_t count>
Function* at_level(Function* const (&variants)[count]) {
  const auto wanted = static_cast<std::size_t>(level());
  return variants[wanted < count ? wanted : count - 1];
}

/// Calls make(), which makes what at_level() is asked for, while objects of static storage are
/// made: a fork while another thread made it later would leave the child waiting for it. False
/// where PLASTIC_ISA cannot be obeyed; who uses the device is told.
bool make_early(void (*make)());

}  // namespace plastic::cpu
