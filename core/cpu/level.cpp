#include "core/cpu/level.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "core/check.h"
#include "core/cpu/vector.h"

namespace plastic::cpu {
namespace {

constexpr Level built[] = {
    Level::baseline,
#ifdef PLASTIC_HAS_LEVELS
    Level::avx2,
    Level::avx512,
#endif
};

constexpr std::string_view names[] = {"baseline", "avx2", "avx512"};

std::string listed(std::span<const Level> levels) {
  std::string text;
  for (const Level level : levels) {
    if (!text.empty()) text += ", ";
    text += to_string(level);
  }
  return text;
}

Level highest_supported() {
  const auto built_and_supported = std::ranges::find_if(
      std::rbegin(built), std::rend(built), [](Level level) { return is_supported(level); });
  return *built_and_supported;
}

Level chosen_level() {
  constexpr const char* op = "cpu";
  const char* const wanted = std::getenv("PLASTIC_ISA");
  if (wanted == nullptr || *wanted == '\0') return highest_supported();
  const auto name = std::ranges::find(names, std::string_view(wanted));
  if (name == std::end(names)) {
    fail(op, "PLASTIC_ISA is \"", wanted, "\", which is no level of instructions; it may be ",
         listed(built_levels()), ", or unset for the best that the processor has");
  }
  const auto level = static_cast<Level>(name - std::begin(names));
  if (std::ranges::find(built, level) == std::end(built)) {
    fail(op, "PLASTIC_ISA is ", wanted, ", and this build has kernels for ", listed(built_levels()),
         " alone; build with PLASTIC_NATIVE=OFF, by g++ or clang for x86-64");
  }
  if (!is_supported(level)) {
    fail(op, "PLASTIC_ISA is ", wanted, ", and this processor lacks ", description(level),
         "; unset it for the best that the processor has");
  }
  return level;
}

}  // namespace

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
  }
  return false;
#else
  return level == Level::baseline;
#endif
}

Level level() {
  static const Level chosen = chosen_level();
  return chosen;
}

std::string description(Level level) {
  switch (level) {
    case Level::avx2:
      return "AVX2 and FMA, vectors of 32 bytes";
    case Level::avx512:
      return "AVX-512, vectors of 64 bytes";
    case Level::baseline:
      break;
  }
#if defined(__AVX512F__)
  const char* const instructions = "AVX-512";
#elif defined(__AVX2__)
  const char* const instructions = "AVX2";
#elif defined(__AVX__)
  const char* const instructions = "AVX";
#elif defined(__SSE2__)
  const char* const instructions = "SSE2";
#elif defined(__ARM_NEON)
  const char* const instructions = "NEON";
#else
  const char* const instructions = "any processor's";
#endif
  return std::string(instructions) + ", vectors of " + std::to_string(vector_bytes) + " bytes";
}

}  // namespace plastic::cpu
