#include "plastic/data/augment.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "plastic/core/device.h"
#include "plastic/core/error.h"
#include "plastic/data/loader.h"
#include "tests/data/files.h"

using plastic::DType;
using plastic::Shape;
using plastic::Tensor;
using namespace plastic::data;
using namespace plastic::test;

namespace {

constexpr std::int64_t height = 6;
constexpr std::int64_t width = 5;

/// Labels 0, 1, ...; pixels between 40 and 215, all different within a channel. Normalising leaves
/// them as they are, scaled to [0, 1].
ImageDataset coloured(std::int64_t count, std::int64_t channels = 3) {
  const std::int64_t pixels = channels * height * width;
  Bytes bytes;
  for (std::int64_t i = 0; i < count * pixels; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(40 + (i * 37 + i / 11) % 176));
  }
  const auto values = static_cast<std::size_t>(channels);
  return {Tensor::from(std::span<const std::uint8_t>(bytes), {count, channels, height, width}),
          Tensor::arange(count, {.dtype = DType::i64}),
          {},
          std::vector<float>(values, 0.0F),
          std::vector<float>(values, 1.0F)};
}

/// The next epoch's images by label.
std::map<std::int64_t, std::vector<float>> next_epoch(Loader& loader) {
  std::map<std::int64_t, std::vector<float>> out;
  loader.start_epoch();
  for (Batch batch; loader.next(batch);) {
    const auto labels = batch.labels.to_vector<std::int64_t>();
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i);
      out[labels[i]] = batch.images.slice(0, at, at + 1).to_vector<float>();
    }
  }
  return out;
}

std::map<std::int64_t, std::vector<float>> changed(const ImageDataset& dataset,
                                                   const AugmentOptions& augment) {
  Loader loader(dataset, {.batch_size = 16, .generator = {.seed = 3}, .augment = augment});
  return next_epoch(loader);
}

std::vector<float> original(const ImageDataset& dataset, std::int64_t index) {
  std::vector<float> out;
  for (const std::uint8_t byte :
       dataset.images.slice(0, index, index + 1).to_vector<std::uint8_t>()) {
    out.push_back(static_cast<float>(byte) / 255.0F);
  }
  return out;
}

/// Pixel (row, column) of a channel, 0 outside the image.
float pixel(const std::vector<float>& image, std::int64_t channel, std::int64_t row,
            std::int64_t column) {
  if (row < 0 || row >= height || column < 0 || column >= width) return 0.0F;
  return image[static_cast<std::size_t>((channel * height + row) * width + column)];
}

bool is_window(const std::vector<float>& image, const std::vector<float>& from, std::int64_t down,
               std::int64_t right, bool mirrored) {
  for (std::int64_t c = 0; c < 3; ++c) {
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int64_t column = (mirrored ? width - 1 - x : x) + right;
        if (pixel(image, c, y, x) != pixel(from, c, y + down, column)) return false;
      }
    }
  }
  return true;
}

}  // namespace

TEST_CASE("data.augment.crop-and-flip") {
  constexpr std::int64_t count = 2000;
  constexpr std::int64_t padding = 2;
  const ImageDataset dataset = coloured(count);
  const auto images = changed(dataset, {.crop_padding = padding, .flip = 0.25});
  // How often each place was cut out, and how often mirrored.
  std::map<std::pair<std::int64_t, std::int64_t>, int> places;
  int mirrors = 0;
  for (const auto& [index, image] : images) {
    const std::vector<float> from = original(dataset, index);
    int matches = 0;
    for (std::int64_t down = -padding; down <= padding; ++down) {
      for (std::int64_t right = -padding; right <= padding; ++right) {
        for (const bool mirrored : {false, true}) {
          if (!is_window(image, from, down, right, mirrored)) continue;
          ++matches;
          ++places[{down, right}];
          mirrors += mirrored ? 1 : 0;
        }
      }
    }
    REQUIRE(matches == 1);
  }
  CHECK(images.size() == count);
  CHECK(places.size() == 25);
  // 80 are expected of each place and 500 mirrors, with deviations of 9 and 19.
  for (const auto& [place, times] : places) CHECK(std::abs(times - 80) < 40);
  CHECK(std::abs(mirrors - 500) < 80);
}

TEST_CASE("data.augment.flip-always") {
  const ImageDataset dataset = coloured(40);
  for (const auto& [index, image] : changed(dataset, {.flip = 1})) {
    CHECK(is_window(image, original(dataset, index), 0, 0, true));
  }
}

TEST_CASE("data.augment.cutout") {
  const ImageDataset dataset = coloured(600);
  std::map<std::int64_t, int> sizes;
  for (const auto& [index, image] : changed(dataset, {.cutout = 3})) {
    const std::vector<float> from = original(dataset, index);
    std::int64_t top = height;
    std::int64_t bottom = -1;
    std::int64_t left = width;
    std::int64_t right = -1;
    std::int64_t zeros = 0;
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        if (pixel(image, 0, y, x) != 0) {
          for (std::int64_t c = 0; c < 3; ++c) {
            REQUIRE(pixel(image, c, y, x) == pixel(from, c, y, x));
          }
          continue;
        }
        CHECK(pixel(image, 1, y, x) == 0);
        CHECK(pixel(image, 2, y, x) == 0);
        top = std::min(top, y);
        bottom = std::max(bottom, y);
        left = std::min(left, x);
        right = std::max(right, x);
        ++zeros;
      }
    }
    CHECK(zeros == (bottom - top + 1) * (right - left + 1));
    ++sizes[zeros];
  }
  // Whole, cut by a border and cut by a corner.
  CHECK(sizes.size() == 3);
  CHECK(sizes.contains(9));
  CHECK(sizes.contains(6));
  CHECK(sizes.contains(4));
  // The centre keeps off the border in 12 of 30 places.
  CHECK(std::abs(sizes[9] - 240) < 60);
}

TEST_CASE("data.augment.brightness") {
  const ImageDataset dataset = coloured(300);
  double least = 9;
  double most = 0;
  for (const auto& [index, image] : changed(dataset, {.brightness = 0.3})) {
    const std::vector<float> from = original(dataset, index);
    const auto darkest = std::ranges::min_element(from) - from.begin();
    const float factor = image[static_cast<std::size_t>(darkest)] / *std::ranges::min_element(from);
    least = std::min(least, double{factor});
    most = std::max(most, double{factor});
    for (std::size_t i = 0; i < image.size(); ++i) {
      CHECK(image[i] == doctest::Approx(std::min(factor * from[i], 1.0F)).epsilon(1e-4));
    }
  }
  CHECK(least == doctest::Approx(0.7).epsilon(0.02));
  CHECK(most == doctest::Approx(1.3).epsilon(0.02));
}

TEST_CASE("data.augment.contrast") {
  for (const std::int64_t channels : {1, 3}) {
    const ImageDataset dataset = coloured(100, channels);
    for (const auto& [index, image] : changed(dataset, {.contrast = 0.15})) {
      const std::vector<float> from = original(dataset, index);
      const std::size_t plane = height * width;
      double middle = 0;
      for (std::size_t p = 0; p < plane; ++p) {
        middle += channels == 1
                      ? from[p]
                      : 0.299 * from[p] + 0.587 * from[plane + p] + 0.114 * from[2 * plane + p];
      }
      middle /= static_cast<double>(plane);
      const double factor = (image[0] - middle) / (from[0] - middle);
      CHECK(factor > 0.85 - 1e-3);
      CHECK(factor < 1.15 + 1e-3);
      for (std::size_t i = 0; i < image.size(); ++i) {
        CHECK(std::abs(image[i] - (middle + factor * (from[i] - middle))) < 1e-4);
      }
    }
  }
}

TEST_CASE("data.augment.saturation") {
  const ImageDataset dataset = coloured(100);
  for (const auto& [index, image] : changed(dataset, {.saturation = 1})) {
    const std::vector<float> from = original(dataset, index);
    const std::size_t plane = height * width;
    for (std::size_t p = 0; p < plane; ++p) {
      const double grey = 0.299 * from[p] + 0.587 * from[plane + p] + 0.114 * from[2 * plane + p];
      const double factor =
          (image[0] - (0.299 * from[0] + 0.587 * from[plane] + 0.114 * from[2 * plane])) /
          (from[0] - (0.299 * from[0] + 0.587 * from[plane] + 0.114 * from[2 * plane]));
      for (std::size_t c = 0; c < 3; ++c) {
        const std::size_t i = c * plane + p;
        const double expected = std::clamp(grey + factor * (from[i] - grey), 0.0, 1.0);
        // The factor is taken from a pixel that may itself be clamped.
        if (image[0] > 0 && image[0] < 1) CHECK(std::abs(image[i] - expected) < 1e-3);
      }
    }
  }
}

TEST_CASE("data.augment.normalises-after-the-colours") {
  ImageDataset dataset = coloured(20);
  const AugmentOptions options = {
      .crop_padding = 1, .flip = 0.5, .brightness = 0.2, .contrast = 0.2, .saturation = 0.2};
  const auto plain = changed(dataset, options);
  dataset.mean = {0.5F, 0.25F, 0.75F};
  dataset.deviation = {0.5F, 2.0F, 0.25F};
  for (const auto& [index, image] : changed(dataset, options)) {
    const std::vector<float>& from = plain.at(index);
    for (std::size_t i = 0; i < image.size(); ++i) {
      const std::size_t c = i / (height * width);
      CHECK(image[i] ==
            doctest::Approx((from[i] - dataset.mean[c]) / dataset.deviation[c]).epsilon(1e-5));
    }
  }
}

TEST_CASE("data.augment.depends-on-epoch-and-image-alone") {
  const ImageDataset dataset = coloured(101);
  const AugmentOptions all = {.crop_padding = 2,
                              .flip = 0.5,
                              .brightness = 0.2,
                              .contrast = 0.2,
                              .saturation = 0.2,
                              .cutout = 2};
  for (const bool shuffle : {true, false}) {
    LoaderOptions options = {
        .batch_size = 10, .shuffle = shuffle, .generator = {.seed = 4}, .augment = all};
    Loader loader(dataset, options);
    const auto first = next_epoch(loader);
    const auto second = next_epoch(loader);
    int same = 0;
    for (const auto& [index, image] : first) same += image == second.at(index) ? 1 : 0;
    CHECK(same < 5);
    Loader again(dataset, options);
    CHECK(next_epoch(again) == first);
    options.batch_size = 33;
    Loader other_batches(dataset, options);
    CHECK(next_epoch(other_batches) == first);
    CHECK(next_epoch(other_batches) == second);
    options.generator.seed = 5;
    Loader other_seed(dataset, options);
    CHECK(next_epoch(other_seed) != first);
  }
}

TEST_CASE("data.augment.any-thread-count-and-after-restoring") {
  const ImageDataset dataset = coloured(97);
  const int before = plastic::num_threads();
  for (const bool shuffle : {true, false}) {
    LoaderOptions options = {
        .batch_size = 8,
        .shuffle = shuffle,
        .generator = {.seed = 4},
        .augment = {.crop_padding = 2, .flip = 0.5, .brightness = 0.3, .cutout = 2}};
    plastic::set_num_threads(1);
    Loader alone(dataset, options);
    std::vector<std::vector<float>> expected;
    std::vector<LoaderState> states;
    for (int epoch = 0; epoch < 2; ++epoch) {
      alone.start_epoch();
      for (Batch batch; alone.next(batch);) {
        expected.push_back(batch.images.to_vector<float>());
        states.push_back(alone.state());
      }
    }
    plastic::set_num_threads(3);
    for (const int threads : {0, 1, 2, 5}) {
      CAPTURE(threads);
      options.prefetch_threads = threads;
      Loader loader(dataset, options);
      std::size_t next = 0;
      for (int epoch = 0; epoch < 2; ++epoch) {
        loader.start_epoch();
        for (Batch batch; loader.next(batch);) {
          REQUIRE(batch.images.to_vector<float>() == expected[next++]);
        }
      }
      for (const std::size_t stop : {std::size_t{4}, std::size_t{12}, std::size_t{20}}) {
        Loader resumed(dataset, options);
        resumed.restore(states[stop]);
        next = stop + 1;
        Batch batch;
        while (next < expected.size()) {
          if (!resumed.next(batch)) {
            resumed.start_epoch();
            REQUIRE(resumed.next(batch));
          }
          REQUIRE(batch.images.to_vector<float>() == expected[next++]);
        }
      }
    }
  }
  plastic::set_num_threads(before);
}

TEST_CASE("data.augment.leaves-the-order-as-it-is") {
  const ImageDataset dataset = coloured(50);
  Loader plain(dataset, {.batch_size = 50});
  Loader augmented(dataset, {.batch_size = 50, .augment = {.flip = 0.5}});
  for (int epoch = 0; epoch < 3; ++epoch) {
    Batch a;
    Batch b;
    plain.start_epoch();
    augmented.start_epoch();
    REQUIRE(plain.next(a));
    REQUIRE(augmented.next(b));
    CHECK(a.labels.to_vector<std::int64_t>() == b.labels.to_vector<std::int64_t>());
  }
}

TEST_CASE("data.loader.channels-last") {
  Loader colours(coloured(7), {.batch_size = 4, .shuffle = false});
  Batch batch;
  colours.start_epoch();
  REQUIRE(colours.next(batch));
  CHECK(batch.images.shape() == Shape{4, 3, height, width});
  CHECK(batch.images.strides() == Shape{height * width * 3, 1, width * 3, 3});
  CHECK(batch.images.slice(0, 2, 3).to_vector<float>() == original(coloured(7), 2));
  Loader greys(coloured(7, 1), {.batch_size = 4, .shuffle = false});
  greys.start_epoch();
  REQUIRE(greys.next(batch));
  CHECK(batch.images.shape() == Shape{4, 1, height, width});
  CHECK(batch.images.is_contiguous());
}

TEST_CASE("data.augment.errors") {
  const auto error = [](const AugmentOptions& augment, std::int64_t channels = 3) {
    return error_of([&] { Loader(coloured(2, channels), {.augment = augment}); });
  };
  CHECK(contains(error({.crop_padding = -1}), {"[augment] crop_padding must be 0 to 5, got -1"}));
  CHECK(contains(error({.crop_padding = 6}), {"0 to 5, got 6"}));
  CHECK(contains(error({.cutout = 7}), {"[augment] cutout must be 0 to 6, got 7"}));
  CHECK(contains(error({.flip = 1.5}), {"[augment] flip is a probability", "got 1.5"}));
  CHECK(contains(error({.brightness = -0.5}), {"[augment] brightness must be"}));
  CHECK(contains(error({.contrast = std::nan("")}), {"[augment] contrast must be"}));
  CHECK(contains(error({.saturation = 0.5}, 1), {"saturation needs images of 3 channels"}));
  CHECK(contains(error({.contrast = 0.5}, 2), {"contrast needs images of 1 or 3 channels"}));
  CHECK(error({.flip = 0.5, .brightness = 1, .cutout = 3}, 2) == "no error");
}
