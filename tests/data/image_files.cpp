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

Bytes png_chunk(const char* type, const Bytes& contents) {
  Bytes body(type, type + 4);
  body = std::move(body) + contents;
  return big_endian(static_cast<std::uint32_t>(contents.size())) + body + big_endian(crc32(body));
}

Bytes png_file(const PngForm& form, std::span<const std::uint8_t> rows) {
  const Bytes header =
      big_endian(form.width) + big_endian(form.height) +
      Bytes{form.depth, form.colour_type, 0, 0, static_cast<std::uint8_t>(form.interlaced ? 1 : 0)};
  const Bytes data = Bytes{0x78, 0x01} + deflate_stored(rows) + big_endian(adler32(rows));
  return Bytes{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'} + png_chunk("IHDR", header) +
         form.chunks + png_chunk("IDAT", data) + png_chunk("IEND", {});
}

Bytes adam7_rows(std::uint32_t width, std::uint32_t height, std::span<const std::uint8_t> samples) {
  struct Pass {
    std::uint32_t x, y, step_x, step_y;
  };
  constexpr std::array<Pass, 7> passes = {{{0, 0, 8, 8},
                                           {4, 0, 8, 8},
                                           {0, 4, 4, 8},
                                           {2, 0, 4, 4},
                                           {0, 2, 2, 4},
                                           {1, 0, 2, 2},
                                           {0, 1, 1, 2}}};
  Bytes rows;
  for (const Pass& pass : passes) {
    for (std::uint32_t y = pass.y; y < height && pass.x < width; y += pass.step_y) {
      rows.push_back(0);
      for (std::uint32_t x = pass.x; x < width; x += pass.step_x) {
        rows.push_back(samples[std::size_t{y} * width + x]);
      }
    }
  }
  return rows;
}

Bytes png_bytes(std::uint32_t width, std::uint32_t height, std::uint32_t channels,
                std::span<const std::uint8_t> samples) {
  constexpr std::array<std::uint8_t, 5> colour_types = {0, 0, 4, 2, 6};
  Bytes rows;
  const std::size_t row = std::size_t{width} * channels;
  for (std::size_t y = 0; y < samples.size() / row; ++y) {
    rows.push_back(0);
    rows = std::move(rows) + samples.subspan(y * row, row);
  }
  return png_file({.width = width, .height = height, .colour_type = colour_types[channels]}, rows);
}

}  // namespace plastic::test
