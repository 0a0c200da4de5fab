#include "core/io/protobuf.h"

#include <bit>

#include "core/io/little_endian.h"

namespace plastic::protobuf {
namespace {

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7U) bytes += static_cast<char>((value & 0x7fU) | 0x80U);
  return bytes + static_cast<char>(value);
}

enum class Wire : std::uint64_t { varint = 0, eight_bytes = 1, length = 2, four_bytes = 5 };

std::string key(std::uint64_t field, Wire wire) {
  return varint((field << 3U) | static_cast<std::uint64_t>(wire));
}

}  // namespace

std::string integer_field(std::uint64_t field, std::int64_t value) {
  return key(field, Wire::varint) + varint(static_cast<std::uint64_t>(value));
}

std::string double_field(std::uint64_t field, double value) {
  return key(field, Wire::eight_bytes) + little_endian(std::bit_cast<std::uint64_t>(value));
}

std::string float_field(std::uint64_t field, float value) {
  return key(field, Wire::four_bytes) + little_endian(std::bit_cast<std::uint32_t>(value));
}

std::string bytes_field(std::uint64_t field, std::string_view bytes) {
  return bytes_head(field, bytes.size()).append(bytes);
}

std::string bytes_head(std::uint64_t field, std::uint64_t size) {
  return key(field, Wire::length) + varint(size);
}

}  // namespace plastic::protobuf
