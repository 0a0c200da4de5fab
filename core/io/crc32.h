#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace plastic {

/// The checksum of ISO 3309 that gzip, PNG and ZIP use, of what `before` is the checksum of and
/// then `bytes`.
inline std::uint32_t crc32(std::span<const std::uint8_t> bytes, std::uint32_t before = 0) {
  static constexpr std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> all = {};
    for (std::uint32_t i = 0; i < all.size(); ++i) {
      std::uint32_t crc = i;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
      all[i] = crc;
    }
    return all;
  }();
  std::uint32_t crc = ~before;
  for (const std::uint8_t byte : bytes) crc = (crc >> 8U) ^ table[(crc ^ byte) & 0xFFU];
  return ~crc;
}

}  // namespace plastic
