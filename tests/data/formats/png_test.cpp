#include <doctest/doctest.h>
#include <sys/resource.h>

#include "plastic/data/image.h"
#include "tests/data/files.h"
#include "tests/data/image_files.h"

using namespace plastic::data;
using namespace plastic::test;
using plastic::Shape;

namespace {

Bytes decode(const PngForm& form, const Bytes& rows, std::int64_t channels = 3) {
  const TemporaryFolder folder;
  write_file(folder / "image.png", png_file(form, rows));
  return bytes_of(read_image(folder / "image.png", channels));
}

/// A deflate stream (RFC 1951) of `runs` times 258 zeros, in some 13 bits each, in the coat of
/// zlib.
Bytes compressed_zeros(std::uint32_t runs) {
  Bytes out = {0x78, 0x9C};
  std::uint32_t bits = 0;
  int count = 0;
  const auto put_bit = [&](std::uint32_t bit) {
    bits |= bit << count;
    if (++count < 8) return;
    out.push_back(static_cast<std::uint8_t>(bits));
    bits = 0;
    count = 0;
  };
  // Codes come with their highest bit first.
  const auto put_code = [&](std::uint32_t code, int length) {
    for (int i = length - 1; i >= 0; --i) put_bit(code >> i & 1U);
  };
  // One last block of fixed codes: a zero, then as many more 258 bytes from one place back.
  put_bit(1);
  put_bit(1);
  put_bit(0);
  put_code(0x30, 8);
  for (std::uint32_t i = 0; i < runs; ++i) {
    put_code(0xC5, 8);
    put_code(0, 5);
  }
  put_code(0, 7);
  while (count != 0) put_bit(0);
  const std::uint32_t b = (std::uint32_t{258} * runs + 1) % 65521;
  return std::move(out) +
         Bytes{static_cast<std::uint8_t>(b >> 8), static_cast<std::uint8_t>(b), 0, 1};
}

Bytes as_bytes(std::string_view text) { return {text.begin(), text.end()}; }

std::int64_t peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace

// Training data are numbers: those that are stored, as for Pillow, torchvision and OpenCV.
TEST_CASE("data.png.gamma-and-profiles-change-nothing") {
  const Bytes gamma_18 = png_chunk("gAMA", {0, 0, 0xD9, 0x04});
  const Bytes gamma_22 = png_chunk("gAMA", {0, 0, 0xB1, 0x8F});
  const Bytes gamma_1 = png_chunk("gAMA", {0, 1, 0x86, 0xA0});
  const Bytes srgb = png_chunk("sRGB", {0});
  const Bytes wide = png_chunk("cHRM", Bytes(32, 1));
  const Bytes profile = png_chunk("iCCP", as_bytes(std::string_view("p\0\0x", 4)));
  const Bytes background = png_chunk("bKGD", {0, 7, 0, 7, 0, 7});
  const Bytes significant = png_chunk("sBIT", {5, 5, 5});
  for (const Bytes& chunks : {Bytes{}, gamma_18, gamma_22, gamma_1, srgb + gamma_22, wide + gamma_1,
                              profile, background, significant}) {
    CHECK(decode({.width = 1, .height = 1, .colour_type = 2, .chunks = chunks},
                 {0, 128, 64, 200}) == Bytes{128, 64, 200});
    CHECK(decode({.width = 1, .height = 1, .depth = 16, .chunks = chunks}, {0, 0x80, 0x00}, 1) ==
          Bytes{128});
  }
}

TEST_CASE("data.png.upper-bits-of-16") {
  const Bytes rows = {0, 0x80, 0x00, 0x80, 0xFF, 0x00, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x01, 0x00};
  CHECK(decode({.width = 6, .height = 1, .depth = 16}, rows, 1) == Bytes{128, 128, 0, 127, 255, 1});
  CHECK(decode({.width = 2, .height = 1, .depth = 16, .colour_type = 2}, rows) ==
        Bytes{128, 127, 128, 255, 0, 1});
  // Grey and transparency, colour and transparency.
  CHECK(decode({.width = 3, .height = 1, .depth = 16, .colour_type = 4}, rows, 1) ==
        Bytes{128, 0, 255});
  CHECK(decode({.width = 1, .height = 1, .depth = 16, .colour_type = 6},
               {0, 0x80, 0, 0x40, 0, 0x20, 0, 0, 0}) == Bytes{128, 64, 32});
}

TEST_CASE("data.png.few-bits") {
  CHECK(decode({.width = 3, .height = 1, .depth = 1}, {0, 0b10100000}, 1) == Bytes{255, 0, 255});
  CHECK(decode({.width = 4, .height = 1, .depth = 2}, {0, 0b00011011}, 1) ==
        Bytes{0, 85, 170, 255});
  CHECK(decode({.width = 3, .height = 1, .depth = 4}, {0, 0x01, 0xF0}, 1) == Bytes{0, 17, 255});
}

TEST_CASE("data.png.palette") {
  const Bytes colours = png_chunk("PLTE", {10, 20, 30, 40, 50, 60, 70, 80, 90});
  const Bytes transparent = png_chunk("tRNS", {0, 128});
  for (const Bytes& chunks : {colours, colours + transparent}) {
    CHECK(decode({.width = 3, .height = 1, .colour_type = 3, .chunks = chunks}, {0, 2, 0, 1}) ==
          Bytes{70, 10, 40, 80, 20, 50, 90, 30, 60});
    CHECK(decode({.width = 3, .height = 1, .depth = 2, .colour_type = 3, .chunks = chunks},
                 {0, 0b10000100}) == Bytes{70, 10, 40, 80, 20, 50, 90, 30, 60});
  }
  CHECK(contains(error_of([] {
                   decode({.width = 1, .height = 1, .colour_type = 3}, {0, 0});
                 }),
                 {"[image] ", "corrupt PNG data"}));
}

TEST_CASE("data.png.transparency-is-dropped") {
  CHECK(decode({.width = 2, .height = 1, .colour_type = 4}, {0, 9, 0, 200, 255}, 1) ==
        Bytes{9, 200});
  CHECK(decode({.width = 1, .height = 1, .colour_type = 6}, {0, 9, 8, 7, 0}) == Bytes{9, 8, 7});
  // One value that is transparent, for grey and for colour.
  CHECK(decode({.width = 2, .height = 1, .chunks = png_chunk("tRNS", {0, 9})}, {0, 9, 8}, 1) ==
        Bytes{9, 8});
  CHECK(decode({.width = 1,
                .height = 1,
                .colour_type = 2,
                .chunks = png_chunk("tRNS", {0, 9, 0, 8, 0, 7})},
               {0, 9, 8, 7}) == Bytes{9, 8, 7});
}

TEST_CASE("data.png.interlaced") {
  for (const auto& [width, height] :
       {std::pair{1U, 1U}, {3U, 2U}, {5U, 9U}, {8U, 8U}, {17U, 11U}}) {
    CAPTURE(width);
    Bytes samples;
    for (std::uint32_t i = 0; i < width * height; ++i) {
      samples.push_back(static_cast<std::uint8_t>(i * 7 % 251));
    }
    CHECK(decode({.width = width, .height = height, .interlaced = true},
                 adam7_rows(width, height, samples), 1) == samples);
  }
}

TEST_CASE("data.png.unknown-chunks") {
  const Bytes ignored = png_chunk("zzZz", {1, 2, 3}) + png_chunk("tIME", {1, 2});
  CHECK(decode({.width = 1, .height = 1, .chunks = ignored}, {0, 5}, 1) == Bytes{5});
  // What must not be ignored, as its name says, such as that of Apple's own kind.
  CHECK(contains(error_of([] {
                   decode({.width = 1, .height = 1, .chunks = png_chunk("ABCD", {1})}, {0, 5});
                 }),
                 {"[image] ", "ABCD"}));
}

// A file of 7.7 MB made libpng take 7.7 GB.
TEST_CASE("data.png.text-takes-no-memory") {
  const Bytes zeros = compressed_zeros(30000);
  const Bytes name = as_bytes(std::string_view("k\0\0", 3));
  const Bytes international = as_bytes(std::string_view("k\0\1\0\0\0", 6));
  Bytes chunks;
  for (int i = 0; i < 60; ++i) {
    chunks = std::move(chunks) + png_chunk("zTXt", name + zeros);
    chunks = std::move(chunks) + png_chunk("iTXt", international + zeros);
  }
  chunks = std::move(chunks) + png_chunk("iCCP", name + zeros);
  const std::int64_t before = peak_kilobytes();
  CHECK(decode({.width = 1, .height = 1, .chunks = chunks}, {0, 5}, 1) == Bytes{5});
  // The texts would be 930 MB.
  CHECK(peak_kilobytes() - before < 200'000);
}
