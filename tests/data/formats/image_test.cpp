#include "plastic/data/image.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "tests/data/files.h"
#include "tests/data/image_files.h"
#include "tests/support/paths.h"

using plastic::DType;
using plastic::Shape;
using plastic::Tensor;
using namespace plastic::test;
using plastic::data::read_image;
namespace fs = std::filesystem;

namespace {

const fs::path images = test_folder() / "data/images";

Bytes contents_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Bytes pixels_of(const Tensor& image) { return image.to_vector<std::uint8_t>(); }

std::string error_of_reading(const fs::path& path) {
  return error_of([&] { read_image(path); });
}

}  // namespace

TEST_CASE("data.image.png") {
  const TemporaryFolder folder;
  const fs::path path = folder / "colour.png";
  write_file(path, png_bytes(3, 2, 3,
                             Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}));
  const Tensor image = read_image(path);
  CHECK(image.dtype() == DType::u8);
  CHECK(image.shape() == Shape{3, 2, 3});
  CHECK(pixels_of(image) == Bytes{1, 4, 7, 10, 13, 16, 2, 5, 8, 11, 14, 17, 3, 6, 9, 12, 15, 18});
  const Tensor grey = read_image(path, 1);
  CHECK(grey.shape() == Shape{1, 2, 3});
  CHECK(pixels_of(grey)[0] == (77 * 1 + 150 * 2 + 29 * 3 + 128) / 256);
}

TEST_CASE("data.image.png-of-other-channels") {
  const TemporaryFolder folder;
  write_file(folder / "grey", png_bytes(2, 1, 1, Bytes{9, 200}));
  CHECK(pixels_of(read_image(folder / "grey", 1)) == Bytes{9, 200});
  CHECK(pixels_of(read_image(folder / "grey")) == Bytes{9, 200, 9, 200, 9, 200});
  write_file(folder / "grey-alpha", png_bytes(2, 1, 2, Bytes{9, 0, 200, 255}));
  CHECK(pixels_of(read_image(folder / "grey-alpha", 1)) == Bytes{9, 200});
  write_file(folder / "alpha", png_bytes(1, 1, 4, Bytes{9, 8, 7, 0}));
  CHECK(pixels_of(read_image(folder / "alpha")) == Bytes{9, 8, 7});
}

TEST_CASE("data.image.jpeg") {
  // Encoded from red 10 x, green 15 y, blue 128; lossy, and its colours at half the resolution.
  for (const char* name : {"ramp.jpg", "progressive.jpg"}) {
    CAPTURE(name);
    const Tensor image = read_image(images / name);
    REQUIRE(image.shape() == Shape{3, 16, 24});
    const Bytes pixels = pixels_of(image);
    double error = 0.0;
    for (int y = 0; y < 16; ++y) {
      for (int x = 0; x < 24; ++x) {
        const std::size_t at = static_cast<std::size_t>(24 * y + x);
        error += std::abs(pixels[at] - 10 * x) + std::abs(pixels[384 + at] - 15 * y) +
                 std::abs(pixels[768 + at] - 128);
      }
    }
    CHECK(error / (3 * 384) < 6.0);
  }
}

TEST_CASE("data.image.cut-short-anywhere") {
  const TemporaryFolder folder;
  const fs::path path = folder / "cut";
  const Bytes png = png_bytes(3, 2, 1, Bytes{1, 2, 3, 4, 5, 6});
  for (const Bytes& whole :
       {png, contents_of(images / "ramp.jpg"), contents_of(images / "progressive.jpg")}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      CAPTURE(length);
      write_file(path, std::span(whole).first(length));
      CHECK(contains(error_of_reading(path), {"[image] " + path.string() + ": "}));
    }
  }
  write_file(path, std::span(png).first(60));
  CHECK(contains(error_of_reading(path), {"cut short"}));
}

TEST_CASE("data.image.damaged-png") {
  const TemporaryFolder folder;
  const fs::path path = folder / "damaged.png";
  const Bytes png = png_bytes(3, 2, 1, Bytes{1, 2, 3, 4, 5, 6});
  for (std::size_t i = 0; i < png.size(); ++i) {
    CAPTURE(i);
    Bytes damaged = png;
    damaged[i] ^= 0x10;
    write_file(path, damaged);
    CHECK(contains(error_of_reading(path), {"[image] " + path.string() + ": "}));
  }
  Bytes damaged = png;
  // The first sample: what is decoded would be another image.
  damaged[8 + 25 + 8 + 2 + 5 + 1] = 77;
  write_file(path, damaged);
  CHECK(contains(error_of_reading(path), {"wrong checksum in the chunk at byte 33"}));
}

// stb_image 2.27 writes beyond its table here.
TEST_CASE("data.image.jpeg-with-more-codes-than-bytes" * doctest::skip(stb_reads_images)) {
  const TemporaryFolder folder;
  Bytes jpeg = contents_of(images / "ramp.jpg");
  const Bytes marker = {0xFF, 0xC4};
  const auto table = std::search(jpeg.begin(), jpeg.end(), marker.begin(), marker.end());
  REQUIRE(table != jpeg.end());
  // After marker, length and name: how many codes there are of each of the 16 lengths.
  std::fill_n(table + 5, 16, std::uint8_t{255});
  write_file(folder / "codes.jpg", jpeg);
  CHECK(contains(error_of_reading(folder / "codes.jpg"), {"codes.jpg: corrupt JPEG data"}));
}

TEST_CASE("data.image.not-an-image") {
  const TemporaryFolder folder;
  write_file(folder / "text", Bytes{'h', 'e', 'l', 'l', 'o'});
  CHECK(contains(error_of_reading(folder / "text"),
                 {"[image] ", folder / "text", "neither PNG nor JPEG"}));
  write_file(folder / "empty", {});
  CHECK(contains(error_of_reading(folder / "empty"), {"the file is empty"}));
  CHECK(contains(error_of_reading(folder / "absent"), {"cannot be opened"}));
  CHECK(contains(error_of_reading(folder.path()), {"is a folder"}));
  write_file(folder / "grey", png_bytes(2, 1, 1, Bytes{9, 200}));
  CHECK(contains(error_of([&] { read_image(folder / "grey", 2); }), {"2 channels", "1 or 3"}));
}

TEST_CASE("data.image.promises-more-than-the-file-holds") {
  const TemporaryFolder folder;
  const fs::path path = folder / "huge.png";
  const auto with_size = [](std::uint32_t width, std::uint32_t height) {
    return png_bytes(width, height, 1, {});
  };
  write_file(path, with_size(8192, 8192));
  CHECK(contains(error_of_reading(path), {path.string(), "8192x8192", "more than 68 bytes"}));
  write_file(path, with_size(8192, 32768));
  CHECK(contains(error_of_reading(path), {path.string(), "8192x32768", "at most 134217728"}));
  write_file(path, with_size(8192, 40000));
  CHECK(contains(error_of_reading(path), {path.string(), "8192x40000"}));
}
