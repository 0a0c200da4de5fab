#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace plastic {

/// The bytes of `value`, the least significant first.
template <std::unsigned_integral Unsigned>
std::string little_endian(Unsigned value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof(value); ++i) {
    bytes += static_cast<char>((value >> (8 * i)) & 0xffU);
  }
  return bytes;
}

/// The number of sizeof(Unsigned) bytes from `offset` on, which are there.
template <std::unsigned_integral Unsigned>
Unsigned from_little_endian(std::span<const char> bytes, std::size_t offset) {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof(value); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[offset + i]);
    value = static_cast<Unsigned>(value | static_cast<Unsigned>(Unsigned{byte} << (8 * i)));
  }
  return value;
}

}  // namespace plastic
