#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "data/formats/image_decoder.h"
#include "tests/data/files.h"
#include "tests/data/image_files.h"
#include "tests/data/jpeg_files.h"

using namespace plastic::data;
using namespace plastic::test;
using plastic::Shape;
using plastic::Tensor;

namespace {

constexpr std::uint32_t width = 21;
constexpr std::uint32_t height = 13;

DecodedImage decode(const Bytes& bytes, std::int64_t channels = 3) {
  return decode_image("F", bytes, channels);
}

std::string error_of_decoding(const Bytes& bytes) {
  return error_of([&] { decode(bytes); });
}

/// An image of one colour.
Bytes plain(const Bytes& pixel) {
  Bytes samples;
  for (std::uint32_t i = 0; i < width * height; ++i) {
    samples.insert(samples.end(), pixel.begin(), pixel.end());
  }
  return samples;
}

/// Greys that rise from the upper left to the lower right.
std::uint8_t ramp(std::uint32_t x, std::uint32_t y) {
  return static_cast<std::uint8_t>(7 * x + 5 * y);
}

Bytes ramp_samples() {
  Bytes samples;
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) samples.insert(samples.end(), 3, ramp(x, y));
  }
  return samples;
}

bool is_all(const Tensor& image, const std::array<int, 3>& colour, int tolerance) {
  const Bytes pixels = bytes_of(image);
  const std::size_t plane = pixels.size() / 3;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    if (std::abs(pixels[i] - colour[i / plane]) > tolerance) return false;
  }
  return image.shape() == Shape{3, height, width};
}

std::size_t offset_of(const Bytes& bytes, std::initializer_list<std::uint8_t> marker) {
  const auto found = std::search(bytes.begin(), bytes.end(), marker.begin(), marker.end());
  REQUIRE(found != bytes.end());
  return static_cast<std::size_t>(found - bytes.begin());
}

}  // namespace

TEST_CASE("data.jpeg.every-sampling") {
  const Bytes colour = plain({200, 40, 90});
  const Bytes greys = ramp_samples();
  for (int h = 1; h <= 4; ++h) {
    for (int v = 1; v <= 4; ++v) {
      for (const bool progressive : {false, true}) {
        CAPTURE(h);
        CAPTURE(v);
        JpegForm form{.width = width, .height = height, .sampling = {{h, v}, {1, 1}, {1, 1}}};
        form.separate_scans = h * v + 2 > 10;
        form.progressive = progressive && !form.separate_scans;
        const DecodedImage image = decode(jpeg_bytes(form, colour));
        CHECK(image.warning.empty());
        CHECK(is_all(image.pixels, {200, 40, 90}, 2));
        const Bytes pixels = bytes_of(decode(jpeg_bytes(form, greys)).pixels);
        int furthest = 0;
        for (std::uint32_t i = 0; i < width * height; ++i) {
          furthest = std::max(furthest, std::abs(pixels[i] - ramp(i % width, i / width)));
        }
        CHECK(furthest <= 2);
      }
    }
  }
}

TEST_CASE("data.jpeg.odd-sampling") {
  using Sampling = std::vector<std::array<int, 2>>;
  for (const Sampling& sampling :
       {Sampling{{1, 1}, {2, 2}, {2, 2}}, Sampling{{4, 1}, {2, 1}, {1, 1}},
        Sampling{{2, 2}, {1, 2}, {2, 1}}, Sampling{{2, 2}, {2, 1}, {1, 2}},
        Sampling{{2, 4}, {1, 1}, {1, 1}}, Sampling{{1, 2}, {1, 1}, {1, 2}}}) {
    const JpegForm form{.width = width, .height = height, .sampling = sampling};
    CHECK(is_all(decode(jpeg_bytes(form, plain({10, 180, 70}))).pixels, {10, 180, 70}, 2));
  }
  if (stb_reads_images) return;
  // libjpeg, and with it all peers, refuses parts of samples.
  Bytes file = jpeg_bytes({.width = width, .height = height, .sampling = {{3, 1}, {1, 1}, {1, 1}}},
                          plain({1, 2, 3}));
  file[offset_of(file, {0xFF, 0xC0}) + 14] = 0x21;
  CHECK(contains(error_of_decoding(file),
                 {"[image] F: an unsupported kind of JPEG: Fractional sampling"}));
}

TEST_CASE("data.jpeg.grey") {
  for (const std::array<int, 2>& sampling :
       {std::array{1, 1}, std::array{2, 2}, std::array{4, 3}}) {
    const JpegForm form{.width = width, .height = height, .sampling = {sampling}};
    const Bytes file = jpeg_bytes(form, plain({77}));
    CHECK(is_all(decode(file).pixels, {77, 77, 77}, 0));
    CHECK(bytes_of(decode(file, 1).pixels) == Bytes(width * height, 77));
  }
}

// Values by Pillow 13 for cyan 10, magenta 60, yellow 200, black 30, stored inverted.
TEST_CASE("data.jpeg.printing-colours") {
  const Bytes stored = plain({245, 195, 55, 225});
  for (const bool ycck : {false, true}) {
    for (const bool adobe : {true, false}) {
      // Without the marker nothing says that it is YCCK, and nothing tells stb_image what it is.
      if (!adobe && (ycck || stb_reads_images)) continue;
      for (const int luminance : {1, 2}) {
        CAPTURE(ycck);
        CAPTURE(adobe);
        JpegForm form{
            .width = width, .height = height, .sampling = {{1, 1}, {1, 1}, {1, 1}, {1, 1}}};
        form.sampling[0] = form.sampling[3] = {luminance, luminance};
        form.ycck = ycck;
        form.adobe = adobe;
        CHECK(is_all(decode(jpeg_bytes(form, stored)).pixels, {216, 172, 49}, ycck ? 2 : 0));
      }
    }
  }
}

TEST_CASE("data.jpeg.kinds-that-are-not-read" * doctest::skip(stb_reads_images)) {
  const JpegForm form{.width = width, .height = height, .sampling = {{2, 2}, {1, 1}, {1, 1}}};
  const Bytes file = jpeg_bytes(form, plain({1, 2, 3}));
  const std::size_t frame = offset_of(file, {0xFF, 0xC0});
  Bytes deep = file;
  deep[frame + 4] = 12;
  CHECK(contains(error_of_decoding(deep),
                 {"[image] F: an unsupported kind of JPEG", "12", "8 bits per sample"}));
  Bytes lossless = file;
  lossless[frame + 1] = 0xC3;
  CHECK(contains(error_of_decoding(lossless), {"an unsupported kind of JPEG", "0xc3"}));
}

// Every other reader goes past these.
TEST_CASE("data.jpeg.warnings-are-no-errors" * doctest::skip(stb_reads_images)) {
  const JpegForm form{.width = width, .height = height, .sampling = {{2, 2}, {1, 1}, {1, 1}}};
  for (const bool progressive : {false, true}) {
    JpegForm kind = form;
    kind.progressive = progressive;
    const Bytes file = jpeg_bytes(kind, ramp_samples());
    const Bytes expected = bytes_of(decode(file).pixels);
    const std::span bytes(file);
    for (const std::size_t count : {1U, 70U, 5000U}) {
      const Bytes stray = Bytes(file.begin(), file.end() - 2) + Bytes(count) + bytes.last(2);
      const DecodedImage image = decode(stray);
      CHECK(bytes_of(image.pixels) == expected);
    }
    // What follows the image is not looked at.
    CHECK(bytes_of(decode(file + Bytes(9, 1)).pixels) == expected);
  }
  const Bytes file = jpeg_bytes(form, ramp_samples());
  const std::span bytes(file);
  // Rows that are missing, but for the mark of the end: most are there.
  const DecodedImage cut = decode(Bytes(file.begin(), file.end() - 40) + bytes.last(2));
  CHECK(contains(cut.warning, {"premature end of data segment"}));
  const Bytes expected = bytes_of(decode(file).pixels);
  const Bytes pixels = bytes_of(cut.pixels);
  CHECK(std::equal(pixels.begin(), pixels.begin() + 12, expected.begin()));
  // Bytes of the image that were changed.
  Bytes changed = file;
  const std::size_t scan = offset_of(file, {0xFF, 0xDA}) + 14;
  std::fill_n(changed.begin() + static_cast<std::ptrdiff_t>(scan) + 30, 8, std::uint8_t{0x55});
  CHECK(decode(changed).pixels.shape() == Shape{3, height, width});
}

// Pillow and torchvision refuse a file that ends before its image, wherever it does.
TEST_CASE("data.jpeg.cut-short") {
  for (const bool progressive : {false, true}) {
    const Bytes file = jpeg_bytes({.width = width,
                                   .height = height,
                                   .sampling = {{4, 2}, {1, 1}, {1, 1}},
                                   .progressive = progressive},
                                  ramp_samples());
    for (std::size_t length = 2; length < file.size(); ++length) {
      CAPTURE(length);
      CHECK(contains(error_of_decoding(
                         Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length))),
                     {"[image] F: cut short: the file ends inside the image"}));
    }
  }
}

// Each goes through the whole image, and takes but a few bytes of the file.
TEST_CASE("data.jpeg.very-many-scans" * doctest::skip(stb_reads_images)) {
  const Bytes file = jpeg_bytes(
      {.width = width, .height = height, .sampling = {{1, 1}, {1, 1}, {1, 1}}, .progressive = true},
      plain({9, 9, 9}));
  const std::initializer_list<std::uint8_t> scan = {0xFF, 0xDA};
  const auto last = std::find_end(file.begin(), file.end(), scan.begin(), scan.end());
  Bytes many(file.begin(), file.end() - 2);
  for (int i = 0; i < 600; ++i) many.insert(many.end(), last, file.end() - 2);
  many = many + Bytes{0xFF, 0xD9};
  CHECK(contains(error_of_decoding(many), {"[image] F: corrupt JPEG data: more than 500 scans"}));
}

TEST_CASE("data.jpeg.promises-more-than-the-file-holds") {
  Bytes file = jpeg_bytes({.width = width, .height = height, .sampling = {{1, 1}}}, plain({9}));
  const std::size_t frame = offset_of(file, {0xFF, 0xC0});
  const auto with_size = [&](std::uint8_t high) {
    Bytes changed = file;
    changed[frame + 5] = changed[frame + 7] = high;
    return error_of_decoding(changed);
  };
  CHECK(contains(with_size(0x10), {"promises 4117x4109 pixels"}));
  CHECK(contains(with_size(0x40), {"16405x16397", "at most 134217728"}));
  CHECK(contains(with_size(0xFE), {"[image] F: "}));
}
