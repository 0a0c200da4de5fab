#pragma once

#include <cstdint>

namespace plastic::cuda {

/// The largest power of two, up to `most`, which is one, that divides an address.
inline std::uint32_t alignment_of(const void* data, std::uint32_t most) {
  while (reinterpret_cast<std::uintptr_t>(data) % most != 0) most /= 2;
  return most;
}

}  // namespace plastic::cuda
