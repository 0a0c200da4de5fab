#include "plastic/data/dataset.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "tests/data/files.h"

using plastic::DType;
using plastic::Generator;
using plastic::Shape;
using plastic::Tensor;
using namespace plastic::data;
using namespace plastic::test;

namespace {

/// `count` images of two pixels, both of value i, with label i.
ImageDataset numbered(std::int64_t count) {
  std::vector<std::uint8_t> pixels;
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < count; ++i) {
    pixels.insert(pixels.end(), 2, static_cast<std::uint8_t>(i));
    labels.push_back(i);
  }
  return {Tensor::from(std::span<const std::uint8_t>(pixels), {count, 1, 1, 2}),
          Tensor::from(std::span<const std::int64_t>(labels), {count}),
          {"even", "odd"},
          {0.25F},
          {0.5F}};
}

}  // namespace

TEST_CASE("data.dataset.subset") {
  const ImageDataset all = numbered(200);
  Generator generator = {.seed = 7};
  const ImageDataset part = subset(all, 0.25, generator);
  CHECK(part.images.shape() == Shape{50, 1, 1, 2});
  CHECK(part.class_names == all.class_names);
  CHECK(part.mean == all.mean);
  CHECK(part.deviation == all.deviation);
  const auto labels = part.labels.to_vector<std::int64_t>();
  const auto pixels = part.images.to_vector<std::uint8_t>();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    CHECK(pixels[2 * i] == labels[i]);
    CHECK(pixels[2 * i + 1] == labels[i]);
    // In order, and so none twice.
    if (i > 0) CHECK(labels[i] > labels[i - 1]);
  }
}

TEST_CASE("data.dataset.subset-by-generator") {
  const ImageDataset all = numbered(200);
  const auto labels = [&](Generator& generator) {
    return subset(all, 0.1, generator).labels.to_vector<std::int64_t>();
  };
  Generator one = {.seed = 1};
  Generator same = {.seed = 1};
  Generator other = {.seed = 2};
  const auto first = labels(one);
  CHECK(first == labels(same));
  CHECK(one == same);
  CHECK(first != labels(other));
  CHECK(first != labels(one));
}

TEST_CASE("data.dataset.subset-is-uniform") {
  const ImageDataset all = numbered(20);
  Generator generator = {.seed = 3};
  std::vector<int> drawn(20);
  const int rounds = 2000;
  for (int round = 0; round < rounds; ++round) {
    for (const std::int64_t label : subset(all, 0.3, generator).labels.to_vector<std::int64_t>()) {
      ++drawn[static_cast<std::size_t>(label)];
    }
  }
  // 0.3 of the rounds each, within five deviations.
  const double deviation = std::sqrt(rounds * 0.3 * 0.7);
  for (const int count : drawn) CHECK(std::abs(count - rounds * 0.3) < 5 * deviation);
}

TEST_CASE("data.dataset.subset-sizes") {
  Generator generator;
  CHECK(subset(numbered(10), 0.25, generator).size() == 3);
  CHECK(subset(numbered(10), 0.999, generator).size() == 10);
  const Generator before = generator;
  const ImageDataset all = numbered(10);
  CHECK(subset(all, 1.0, generator).images.impl() == all.images.impl());
  CHECK(generator == before);
}

TEST_CASE("data.dataset.subset-of-a-view") {
  ImageDataset all = numbered(200);
  all.images = all.images.slice(0, 0, 200, 2);
  all.labels = all.labels.slice(0, 0, 200, 2);
  Generator generator;
  const ImageDataset part = subset(all, 0.5, generator);
  const auto labels = part.labels.to_vector<std::int64_t>();
  const auto pixels = part.images.to_vector<std::uint8_t>();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    CHECK(labels[i] % 2 == 0);
    CHECK(pixels[2 * i] == labels[i]);
  }
}

TEST_CASE("data.dataset.subset-errors") {
  const ImageDataset all = numbered(10);
  Generator generator;
  for (const double fraction : {0.0, -0.5, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(contains(error_of([&] { subset(all, fraction, generator); }),
                   {"[subset] fraction must be above 0 and at most 1"}));
  }
  CHECK(contains(error_of([&] { subset(all, 0.04, generator); }), {"0.04 of 10", "leaves none"}));
}

TEST_CASE("data.dataset.subset-per-class") {
  // Three of class 0 for each of class 1; the pixels number the images.
  ImageDataset all = numbered(200);
  std::vector<std::int64_t> labels;
  for (int i = 0; i < 200; ++i) labels.push_back(i % 4 == 0 ? 1 : 0);
  all.labels = Tensor::from(std::span<const std::int64_t>(labels), {200});
  std::vector<int> drawn(200);
  const int rounds = 2000;
  Generator generator = {.seed = 5};
  for (int round = 0; round < rounds; ++round) {
    const ImageDataset part = subset_per_class(all, 10, generator);
    REQUIRE(part.size() == 20);
    const auto pixels = part.images.to_vector<std::uint8_t>();
    const auto classes = part.labels.to_vector<std::int64_t>();
    CHECK(std::accumulate(classes.begin(), classes.end(), std::int64_t{0}) == 10);
    for (std::size_t i = 0; i < classes.size(); ++i) {
      const std::uint8_t image = pixels[2 * i];
      CHECK(classes[i] == labels[image]);
      if (i > 0) CHECK(image > pixels[2 * i - 2]);
      ++drawn[image];
    }
  }
  for (std::size_t i = 0; i < 200; ++i) {
    const double share = labels[i] == 1 ? 10.0 / 50 : 10.0 / 150;
    CHECK(std::abs(drawn[i] - rounds * share) < 5 * std::sqrt(rounds * share * (1 - share)));
  }
}

TEST_CASE("data.dataset.subset-per-class-errors") {
  ImageDataset all = numbered(10);
  Generator generator;
  const auto error = [&](std::int64_t count) {
    return error_of([&] { subset_per_class(all, count, generator); });
  };
  CHECK(contains(error(1), {"[subset_per_class] label 2 is 2", "names 2 classes"}));
  all.labels = Tensor::zeros({10}, {.dtype = DType::i64});
  CHECK(contains(error(1), {"class odd has 0, fewer than the 1", "give a smaller count"}));
  all.class_names = {"all"};
  CHECK(subset_per_class(all, 10, generator).size() == 10);
  CHECK(contains(error(11), {"class all has 10, fewer than the 11"}));
  CHECK(contains(error(0), {"count must be at least 1, got 0"}));
}

TEST_CASE("data.dataset.checks") {
  Generator generator;
  const auto error = [&](const ImageDataset& dataset) {
    return error_of([&] { subset(dataset, 0.5, generator); });
  };
  CHECK(contains(error({}), {"no images"}));
  ImageDataset dataset = numbered(4);
  dataset.labels = Tensor::zeros({3}, {.dtype = DType::i64});
  CHECK(contains(error(dataset), {"counts differ: 4 images, 3 labels"}));
  dataset = numbered(4);
  dataset.images = Tensor::zeros({4, 1, 1, 2});
  CHECK(contains(error(dataset), {"images must be u8 of rank 4", "got f32"}));
  dataset = numbered(4);
  dataset.labels = Tensor::zeros({4, 1}, {.dtype = DType::i64});
  CHECK(contains(error(dataset), {"labels must be i64 of rank 1", "(4, 1)"}));
  dataset = numbered(4);
  dataset.mean = {};
  CHECK(contains(error(dataset), {"0 and 1 values for 1 channels"}));
  dataset = numbered(4);
  dataset.deviation = {0};
  CHECK(contains(error(dataset), {"deviation must be positive, got 0"}));
}
