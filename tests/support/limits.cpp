#include "tests/support/limits.h"

#ifndef _WIN32
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#endif

// clang tells of its sanitizers in another way than g++.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PLASTIC_IS_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PLASTIC_IS_SANITIZED 1
#endif

namespace plastic::test {

bool is_sanitized() {
#ifdef PLASTIC_IS_SANITIZED
  return true;
#else
  return false;
#endif
}

bool can_limit_memory() {
#ifdef _WIN32
  return false;
#else
  // Far from what there is.
  constexpr std::uint64_t far = std::uint64_t{1} << 46U;
  constexpr auto trial =
      static_cast<rlim_t>(std::min<std::uint64_t>(far, std::numeric_limits<rlim_t>::max() / 2));
  rlimit before{};
  if (is_sanitized() || getrlimit(RLIMIT_AS, &before) != 0) return false;
  if (before.rlim_cur <= trial) return true;
  rlimit changed = before;
  changed.rlim_cur = trial;
  setrlimit(RLIMIT_AS, &changed);
  getrlimit(RLIMIT_AS, &changed);
  setrlimit(RLIMIT_AS, &before);
  return changed.rlim_cur == trial;
#endif
}

#ifndef _WIN32
void limit_more_memory(std::size_t bytes) {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  rlimit limit{};
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + bytes;
  setrlimit(RLIMIT_AS, &limit);
}
#endif

}  // namespace plastic::test
