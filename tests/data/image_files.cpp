#include "tests/data/image_files.h"

#include <array>

namespace plastic::test {
namespace {

Bytes big_endian(std::uint32_t value) {
  Bytes out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  return out;
}

Bytes chunk(const char* type, const Bytes& contents) {
  Bytes body(type, type + 4);
  body = std::move(body) + contents;
  return big_endian(static_cast<std::uint32_t>(contents.size())) + body + big_endian(crc32(body));
}

/// The checksum of RFC 1950.
std::uint32_t adler32(std::span<const std::uint8_t> bytes) {
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const std::uint8_t byte : bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

}  // namespace

Bytes png_bytes(std::uint32_t width, std::uint32_t height, std::uint32_t channels,
                std::span<const std::uint8_t> samples) {
  constexpr std::array<std::uint8_t, 5> colour_types = {0, 0, 4, 2, 6};
  const Bytes header =
      big_endian(width) + big_endian(height) + Bytes{8, colour_types[channels], 0, 0, 0};
  Bytes rows;
  const std::size_t row = std::size_t{width} * channels;
  for (std::size_t y = 0; y < samples.size() / row; ++y) {
    rows.push_back(0);
    rows = std::move(rows) + samples.subspan(y * row, row);
  }
  const Bytes data = Bytes{0x78, 0x01} + deflate_stored(rows) + big_endian(adler32(rows));
  return Bytes{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'} + chunk("IHDR", header) +
         chunk("IDAT", data) + chunk("IEND", {});
}

}  // namespace plastic::test
