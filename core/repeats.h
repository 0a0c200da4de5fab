#pragma once

#include <algorithm>
#include <functional>
#include <vector>

namespace plastic {

/// Whether an address occurs twice. Cheaper than a set of them, for what seldom does.
inline bool has_repeats(std::vector<const void*> addresses) {
  std::sort(addresses.begin(), addresses.end(), std::less<>());
  return std::adjacent_find(addresses.begin(), addresses.end()) != addresses.end();
}

}  // namespace plastic
