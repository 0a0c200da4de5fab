#include "data/formats/exif.h"

#include <doctest/doctest.h>

#include "plastic/data/image.h"
#include "tests/data/files.h"
#include "tests/data/image_files.h"
#include "tests/data/jpeg_files.h"

using namespace plastic::data;
using namespace plastic::test;
using plastic::Shape;
using plastic::Tensor;

namespace {

/// TIFF data whose only entry, or second of two, is the orientation.
Bytes tiff(int orientation, bool big_endian, bool after_another = false) {
  const auto value = static_cast<std::uint8_t>(orientation);
  const Bytes model = {0x01, 0x10, 0, 2, 0, 0, 0, 1, 'x', 0, 0, 0};
  const Bytes entry = {0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0};
  if (big_endian) {
    return Bytes{'M', 'M', 0, 42, 0, 0, 0, 8, 0, static_cast<std::uint8_t>(after_another ? 2 : 1)} +
           (after_another ? model + entry : entry) + Bytes{0, 0, 0, 0};
  }
  return {'I', 'I', 42, 0, 8, 0,     0, 0, 1, 0, 0x12, 0x01, 3,
          0,   1,   0,  0, 0, value, 0, 0, 0, 0, 0,    0,    0};
}

Bytes with_exif_segment(const Bytes& jpeg, const Bytes& data) {
  const Bytes body = Bytes{'E', 'x', 'i', 'f', 0, 0} + data;
  const std::size_t length = body.size() + 2;
  return Bytes{0xFF,
               0xD8,
               0xFF,
               0xE1,
               static_cast<std::uint8_t>(length >> 8),
               static_cast<std::uint8_t>(length)} +
         body + std::span(jpeg).subspan(2);
}

/// The rows A B C and D E F, turned as each value says.
struct Turned {
  int orientation;
  Shape shape;
  Bytes pixels;
};

const std::vector<Turned>& all_turned() {
  static const std::vector<Turned> turned = {{1, {1, 2, 3}, {'A', 'B', 'C', 'D', 'E', 'F'}},
                                             {2, {1, 2, 3}, {'C', 'B', 'A', 'F', 'E', 'D'}},
                                             {3, {1, 2, 3}, {'F', 'E', 'D', 'C', 'B', 'A'}},
                                             {4, {1, 2, 3}, {'D', 'E', 'F', 'A', 'B', 'C'}},
                                             {5, {1, 3, 2}, {'A', 'D', 'B', 'E', 'C', 'F'}},
                                             {6, {1, 3, 2}, {'D', 'A', 'E', 'B', 'F', 'C'}},
                                             {7, {1, 3, 2}, {'F', 'C', 'E', 'B', 'D', 'A'}},
                                             {8, {1, 3, 2}, {'C', 'F', 'B', 'E', 'A', 'D'}}};
  return turned;
}

}  // namespace

TEST_CASE("data.exif.orientation") {
  for (int value = 1; value <= 8; ++value) {
    CHECK(exif_orientation(tiff(value, true)) == value);
    CHECK(exif_orientation(tiff(value, false)) == value);
    CHECK(exif_orientation(tiff(value, true, true)) == value);
  }
  CHECK(exif_orientation(tiff(0, true)) == 1);
  CHECK(exif_orientation(tiff(9, false)) == 1);
  CHECK(exif_orientation({}) == 1);
  CHECK(exif_orientation(Bytes{'H', 'i', '!'}) == 1);
}

TEST_CASE("data.exif.hostile") {
  const Bytes whole = tiff(6, true, true);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const int value = exif_orientation(std::span(whole).first(length));
    CHECK((value == 1 || value == 6));
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const auto byte : std::initializer_list<std::uint8_t>{0x00, 0x7F, 0x80, 0xFF}) {
      Bytes damaged = whole;
      damaged[i] = byte;
      const int value = exif_orientation(damaged);
      CHECK((value >= 1 && value <= 8));
    }
  }
  // The tags at the end of all addresses.
  Bytes far = whole;
  std::fill_n(far.begin() + 4, 6, std::uint8_t{0xFF});
  CHECK(exif_orientation(far) == 1);
}

TEST_CASE("data.exif.png") {
  const TemporaryFolder folder;
  const auto path = folder / "image.png";
  const Bytes rows = {0, 'A', 'B', 'C', 0, 'D', 'E', 'F'};
  for (const Turned& turned : all_turned()) {
    CAPTURE(turned.orientation);
    const Bytes data = tiff(turned.orientation, turned.orientation % 2 == 0);
    for (const Bytes& prefix : {Bytes{}, Bytes{'E', 'x', 'i', 'f', 0, 0}}) {
      write_file(path, png_file({.width = 3,
                                 .height = 2,
                                 .chunks = png_chunk("tEXt", {'a', 0, 'b'}) +
                                           png_chunk("eXIf", prefix + data)},
                                rows));
      const Tensor image = read_image(path, 1, Orientation::apply);
      CHECK(image.shape() == turned.shape);
      CHECK(bytes_of(image) == turned.pixels);
      CHECK(bytes_of(read_image(path, 1)) == all_turned()[0].pixels);
    }
  }
}

TEST_CASE("data.exif.jpeg") {
  const TemporaryFolder folder;
  const auto path = folder / "image.jpg";
  // Six blocks of one grey each, which are kept as they are.
  Bytes samples;
  const auto grey = [](std::size_t block) { return static_cast<std::uint8_t>(8 + 40 * block); };
  for (std::size_t y = 0; y < 16; ++y) {
    for (std::size_t x = 0; x < 24; ++x) samples.push_back(grey(y / 8 * 3 + x / 8));
  }
  const Bytes jpeg = jpeg_bytes({.width = 24, .height = 16, .sampling = {{1, 1}}}, samples);
  for (const Turned& turned : all_turned()) {
    CAPTURE(turned.orientation);
    write_file(path, with_exif_segment(jpeg, tiff(turned.orientation, turned.orientation > 4)));
    const Tensor image = read_image(path, 1, Orientation::apply);
    CHECK(image.shape() == Shape{1, 8 * turned.shape[1], 8 * turned.shape[2]});
    const Bytes pixels = bytes_of(image);
    const auto width = static_cast<std::size_t>(image.size(2));
    for (std::size_t block = 0; block < 6; ++block) {
      const std::size_t across = width / 8;
      const std::uint8_t pixel = pixels[(block / across * 8 + 4) * width + block % across * 8 + 4];
      CHECK(pixel == grey(static_cast<std::size_t>(turned.pixels[block] - 'A')));
    }
    CHECK(read_image(path, 1).shape() == Shape{1, 16, 24});
  }
}

TEST_CASE("data.exif.found-in-files") {
  const Bytes data = {'M', 'M', 1, 2, 3};
  const auto found = [](std::span<const std::uint8_t> exif) {
    return Bytes(exif.begin(), exif.end());
  };
  const Bytes start = {0xFF, 0xD8};
  const Bytes comment = {0xFF, 0xFE, 0, 4, 'h', 'i'};
  const Bytes other = {0xFF, 0xE1, 0, 6, 'h', 't', 't', 'p'};
  const Bytes exif = {0xFF, 0xFF, 0xFF, 0xE1, 0, 13, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 1, 2, 3};
  const Bytes scan = {0xFF, 0xDA, 0, 2};
  CHECK(found(exif_of_jpeg(start + comment + other + exif + scan)) == data);
  CHECK(found(exif_of_jpeg(start + exif)) == data);
  // Behind the pixels' beginning there are no more headers.
  CHECK(exif_of_jpeg(start + scan + exif).empty());
  const Bytes whole = start + comment + exif;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK(exif_of_jpeg(std::span(whole).first(length)).empty());
  }
  CHECK(exif_of_jpeg(start + Bytes{0xFF, 0xE1, 0, 1} + exif).empty());
  CHECK(exif_of_jpeg(start + Bytes{0x00} + exif).empty());
  const Bytes png =
      png_file({.width = 1, .height = 1, .chunks = png_chunk("eXIf", data)}, Bytes{0, 7});
  CHECK(found(exif_of_png(png)) == data);
  for (std::size_t length = 0; length < 8 + 25 + 12 + data.size(); ++length) {
    CHECK(exif_of_png(std::span(png).first(length)).empty());
  }
}
