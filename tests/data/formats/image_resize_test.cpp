#include <doctest/doctest.h>

#include <algorithm>

#include "plastic/data/image.h"
#include "tests/data/files.h"

using plastic::DType;
using plastic::Shape;
using plastic::Tensor;
using namespace plastic::test;
using plastic::data::resize_image;

namespace {

/// Two channels of 5x7 pixels.
Tensor sample_image() {
  Bytes pixels;
  for (int channel = 0; channel < 2; ++channel) {
    for (int i = 0; i < 5; ++i) {
      for (int j = 0; j < 7; ++j) {
        pixels.push_back(
            static_cast<std::uint8_t>(37 * channel + 53 * i * i + 91 * i * j + 17 * j));
      }
    }
  }
  return Tensor::from(std::span<const std::uint8_t>(pixels), {2, 5, 7});
}

Bytes resized(std::int64_t height, std::int64_t width) {
  return resize_image(sample_image(), height, width).to_vector<std::uint8_t>();
}

}  // namespace

// Expected values: torch.nn.functional.interpolate of PyTorch 1.13.1 in f64 with mode "bilinear",
// align_corners False and antialias True, rounded; none is near a half.
TEST_CASE("data.image.resize-smaller") {
  CHECK(resize_image(sample_image(), 3, 4).shape() == Shape{2, 3, 4});
  CHECK(resized(3, 4) == Bytes{47, 51, 111, 115, 173, 87,  155, 152, 173, 115, 116, 132,
                               84, 88, 91,  147, 156, 113, 89,  180, 106, 130, 153, 169});
  CHECK(resized(1, 1) == Bytes{119, 124});
}

TEST_CASE("data.image.resize-narrower-only") {
  CHECK(resized(5, 3) == Bytes{15,  51,  87,  91,  121, 151, 163, 116, 175, 195,
                               82,  140, 132, 139, 119, 52,  88,  124, 128, 98,
                               133, 200, 93,  157, 31,  104, 177, 169, 176, 156});
}

TEST_CASE("data.image.resize-larger") {
  const Bytes larger = resized(8, 10);
  REQUIRE(larger.size() == 160);
  const Bytes first_rows = {0,  9,  21, 33, 45, 57,  69,  81, 93,  102,
                            23, 54, 66, 28, 62, 102, 136, 97, 109, 140};
  CHECK(std::equal(first_rows.begin(), first_rows.end(), larger.begin()));
  const Bytes last_row = {67,  114, 137, 96,  148, 158, 124, 183, 178, 146,
                          117, 186, 209, 118, 192, 190, 111, 199, 171, 99};
  CHECK(std::equal(last_row.begin(), last_row.end(), larger.end() - 20));
}

TEST_CASE("data.image.resize-keeps-what-is-constant-or-of-the-size") {
  const Tensor grey = Tensor::full({1, 33, 57}, 255, {.dtype = DType::u8});
  for (const std::int64_t side : {1, 2, 20, 100}) {
    CHECK(std::ranges::all_of(resize_image(grey, side, side).to_vector<std::uint8_t>(),
                              [](std::uint8_t value) { return value == 255; }));
  }
  CHECK(resized(5, 7) == sample_image().to_vector<std::uint8_t>());
}

TEST_CASE("data.image.resize-of-a-view") {
  const Tensor turned = sample_image().transpose(1, 2);
  CHECK(resize_image(turned, 4, 3).to_vector<std::uint8_t>() ==
        resize_image(sample_image(), 3, 4).transpose(1, 2).to_vector<std::uint8_t>());
}

TEST_CASE("data.image.resize-errors") {
  CHECK(contains(error_of([] { resize_image(sample_image(), 0, 4); }),
                 {"[resize_image] ", "1 to 32768, got 0x4"}));
  CHECK(contains(error_of([] {
                   resize_image(Tensor::zeros({1, 2, 2}), 1, 1);
                 }),
                 {"must be u8", "got f32 (1, 2, 2)"}));
  CHECK(contains(error_of([] { resize_image({}, 1, 1); }), {"got nothing"}));
  CHECK(contains(error_of([] {
                   resize_image(Tensor::empty({1, 0, 2}, {.dtype = DType::u8}), 1, 1);
                 }),
                 {"not empty"}));
}
