#include "optim/probe/name_pattern.h"

#include <algorithm>
#include <cstddef>

namespace plastic::optim {
namespace {

/// Tries the latest `*` with one character more whenever the rest does not match, so a pattern with
/// many of them takes no longer than the product of the lengths.
bool matches_one(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0;
  std::size_t star = std::string_view::npos, taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

bool matches_pattern(std::string_view patterns, std::string_view name) {
  while (true) {
    const std::size_t comma = std::min(patterns.find(','), patterns.size());
    const std::string_view pattern = without_blanks(patterns.substr(0, comma));
    if (!pattern.empty() && matches_one(pattern, name)) return true;
    if (comma == patterns.size()) return false;
    patterns.remove_prefix(comma + 1);
  }
}

}  // namespace plastic::optim
