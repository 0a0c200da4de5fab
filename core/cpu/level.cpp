#include "core/cpu/level.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "core/check.h"
#include "core/cpu/level_worth.h"
#include "core/cpu/vector.h"
#include "plastic/core/error.h"

namespace plastic::cpu {
namespace {

constexpr Level built[] = {
#ifdef PLASTIC_HAS_BASELINE
    Level::baseline,
#endif
#ifdef PLASTIC_HAS_AVX2
    Level::avx2,
#endif
#ifdef PLASTIC_HAS_AVX512
    Level::avx512,
#endif
#ifdef PLASTIC_HAS_AVX512_BF16
    Level::avx512_bf16,
#endif
#ifdef PLASTIC_HAS_AMX
    Level::amx,
#endif
};

// Which levels a build has was a choice, or there is one alone.
#ifdef PLASTIC_HAS_LEVELS
constexpr std::string_view how_to_build =
    "build with another list in CMake's PLASTIC_LEVELS, or with all";
#else
constexpr std::string_view how_to_build =
    "build with PLASTIC_NATIVE=OFF, by g++ or clang for x86-64";
#endif

constexpr std::string_view names[] = {"baseline", "avx2", "avx512", "avx512_bf16", "amx"};

std::string listed(std::span<const Level> levels) {
  std::string text;
  for (const Level level : levels) {
    if (!text.empty()) text += ", ";
    text += to_string(level);
  }
  return text;
}

#if defined(__x86_64__) && defined(__GNUC__)

/// Registers eax and edx of a leaf of CPUID; zeros where there is none.
struct CpuId {
  CpuId(unsigned leaf, unsigned subleaf) {
    unsigned ebx = 0, ecx = 0;
    if (__get_cpuid_count(leaf, subleaf, &eax, &ebx, &ecx, &edx) == 0) eax = edx = 0;
  }

  unsigned eax = 0, edx = 0;
};

/// Intel's manual, volume 2, CPUID: leaf 7, subleaf 1, eax bit 5.
bool has_avx512_bf16() { return (CpuId(7, 1).eax >> 5 & 1) != 0; }

/// AMX-BF16 and AMX-TILE: leaf 7, edx bits 22 and 24. The system must keep the tiles in XCR0, bits
/// 17 and 18, and lets a process of Linux use them once it has asked.
bool has_amx_bf16() {
  const unsigned edx = CpuId(7, 0).edx;
  if ((edx >> 22 & 1) == 0 || (edx >> 24 & 1) == 0) return false;
  unsigned low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low >> 17 & 3) != 3) return false;
#ifdef __linux__
  constexpr int request_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int tile_data = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
  return true;
#endif
}

#endif

// What a processor must have for a level, by name.
std::string instructions(Level level) {
  switch (level) {
    case Level::avx2:
      return "AVX2 and FMA";
    case Level::avx512:
      return "AVX-512";
    case Level::avx512_bf16:
      return "AVX-512 with BF16";
    case Level::amx:
      return "AVX-512 with BF16 and AMX with BF16";
    case Level::baseline:
      break;
  }
#if defined(__AVX512F__)
  return "AVX-512";
#elif defined(__AVX2__)
  return "AVX2";
#elif defined(__AVX__)
  return "AVX";
#elif defined(__SSE2__)
  return "SSE2";
#elif defined(__ARM_NEON)
  return "NEON";
#else
  return "any processor's";
#endif
}

}  // namespace

Level chosen_level(std::string_view wanted, std::span<const Level> levels) {
  constexpr const char* op = "cpu";
  if (wanted.empty()) {
    const auto best = std::ranges::find_if(levels.rbegin(), levels.rend(), [](Level level) {
      return is_supported(level) && is_worth_it(level);
    });
    if (best != levels.rend()) return *best;
    fail(op, "this build has kernels for ", listed(levels), " alone, and this processor lacks ",
         instructions(levels.front()), "; ", how_to_build);
  }
  const auto name = std::ranges::find(names, wanted);
  if (name == std::end(names)) {
    fail(op, "PLASTIC_ISA is \"", wanted, "\", which is no level of instructions; it may be ",
         listed(levels), ", or unset for the best that the processor has");
  }
  const auto level = static_cast<Level>(name - std::begin(names));
  if (std::ranges::find(levels, level) == levels.end()) {
    fail(op, "PLASTIC_ISA is ", wanted, ", and this build has kernels for ", listed(levels),
         " alone; ", how_to_build);
  }
  if (!is_supported(level)) {
    fail(op, "PLASTIC_ISA is ", wanted, ", and this processor lacks ", instructions(level),
         "; unset it for the best that the processor has");
  }
  return level;
}

std::string_view to_string(Level level) { return names[static_cast<std::size_t>(level)]; }

std::span<const Level> built_levels() { return built; }

bool is_supported(Level level) {
#if defined(__x86_64__) && defined(__GNUC__)
  // Static initialisers of any file may ask.
  __builtin_cpu_init();
  const auto has_avx2 = [] {
    return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  };
  switch (level) {
    case Level::baseline:
      return true;
    case Level::avx2:
      return has_avx2();
    case Level::avx512:
      return has_avx2() && __builtin_cpu_supports("avx512f") != 0 &&
             __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
             __builtin_cpu_supports("avx512vl") != 0;
    case Level::avx512_bf16:
      return is_supported(Level::avx512) && has_avx512_bf16();
    case Level::amx:
      return is_supported(Level::avx512_bf16) && has_amx_bf16();
  }
  return false;
#else
  return level == Level::baseline;
#endif
}

bool is_worth_it(Level level) {
#if defined(__x86_64__) && defined(__GNUC__)
  if (level != Level::avx512_bf16) return true;
  // Intel's processors since Sapphire Rapids, which have AMX for bf16, begin a VDPBF16PS every
  // second cycle and two FMAs in each: f32 makes twice as many products, 190 GFLOP/s against 92 on
  // a core at 3 GHz. Zen 4 begins one of either per cycle. Cooper Lake has no AMX and was made for
  // this.
  __builtin_cpu_init();
  return __builtin_cpu_is("intel") == 0 || __builtin_cpu_is("cooperlake") != 0;
#else
  return level == Level::baseline;
#endif
}

Level level() {
  static const Level chosen = [] {
    const char* const wanted = std::getenv("PLASTIC_ISA");
    return chosen_level(wanted == nullptr ? "" : wanted, built);
  }();
  return chosen;
}

std::string description(Level level) {
  if (level == Level::amx) return description(Level::avx512_bf16) + ", and AMX, tiles of bf16";
  const std::size_t bytes = level == Level::baseline ? vector_bytes
                            : level == Level::avx2   ? 32
                                                     : 64;
  return instructions(level) + ", vectors of " + std::to_string(bytes) + " bytes";
}

std::string bf16_description(Level level) {
  switch (level) {
    case Level::avx512_bf16:
      return "products by AVX-512 BF16's dot products";
    case Level::amx:
      return "products by AMX's tiles";
    case Level::baseline:
#if defined(__AVX512BF16__) && !defined(__AMX_TILE__)
      return bf16_description(Level::avx512_bf16);
#endif
    case Level::avx2:
    case Level::avx512:
      break;
  }
  return "computed in f32: it saves memory and not time";
}

bool make_early(void (*make)()) {
  try {
    make();
  } catch (const Error&) {
    return false;
  }
  return true;
}

}  // namespace plastic::cpu
