#include "plastic/data/label_noise.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "tests/data/files.h"

using plastic::DType;
using plastic::Generator;
using plastic::Tensor;
using namespace plastic::data;
using namespace plastic::test;

namespace {

/// Empty images with labels 0, 1, ..., classes - 1, 0, 1, ...
ImageDataset labelled(std::int64_t count, std::int64_t classes) {
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < count; ++i) labels.push_back(i % classes);
  return {Tensor::zeros({count, 1, 1, 1}, {.dtype = DType::u8}),
          Tensor::from(std::span<const std::int64_t>(labels), {count}),
          std::vector<std::string>(static_cast<std::size_t>(classes)),
          {0.5F},
          {0.5F}};
}

}  // namespace

TEST_CASE("data.label_noise.changes-a-fraction") {
  const ImageDataset clean = labelled(200, 5);
  const auto before = clean.labels.to_vector<std::int64_t>();
  for (const double fraction : {0.0, 0.3, 1.0}) {
    Generator generator = {.seed = 1};
    const NoisyLabels noisy = add_label_noise(clean, fraction, generator);
    CHECK(std::ssize(noisy.changed) == std::llround(200 * fraction));
    const auto after = noisy.dataset.labels.to_vector<std::int64_t>();
    std::vector<std::int64_t> differ;
    for (std::size_t i = 0; i < after.size(); ++i) {
      CHECK((after[i] >= 0 && after[i] < 5));
      if (after[i] != before[i]) differ.push_back(static_cast<std::int64_t>(i));
    }
    CHECK(differ == noisy.changed);
    CHECK(noisy.dataset.images.impl() == clean.images.impl());
  }
  CHECK(clean.labels.to_vector<std::int64_t>() == before);
}

TEST_CASE("data.label_noise.is-uniform-over-the-others") {
  const ImageDataset clean = labelled(8000, 4);
  Generator generator = {.seed = 2};
  const auto after =
      add_label_noise(clean, 1.0, generator).dataset.labels.to_vector<std::int64_t>();
  std::vector<int> counts(16);
  for (std::size_t i = 0; i < after.size(); ++i) {
    ++counts[4 * (i % 4) + static_cast<std::size_t>(after[i])];
  }
  // A third of 2000 each, within five deviations.
  const double deviation = std::sqrt(2000 * (1.0 / 3) * (2.0 / 3));
  for (std::size_t i = 0; i < 16; ++i) {
    if (i / 4 == i % 4) {
      CHECK(counts[i] == 0);
    } else {
      CHECK(std::abs(counts[i] - 2000.0 / 3) < 5 * deviation);
    }
  }
}

TEST_CASE("data.label_noise.pair") {
  const ImageDataset clean = labelled(1000, 10);
  const auto before = clean.labels.to_vector<std::int64_t>();
  Generator generator = {.seed = 3};
  const NoisyLabels noisy = add_label_noise(clean, 0.45, generator, LabelNoise::pair);
  const auto after = noisy.dataset.labels.to_vector<std::int64_t>();
  std::vector<std::int64_t> differ;
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (after[i] == before[i]) continue;
    differ.push_back(static_cast<std::int64_t>(i));
    CHECK(after[i] == (before[i] + 1) % 10);
  }
  CHECK(std::ssize(differ) == 450);
  CHECK(differ == noisy.changed);
  // Only what the labels become depends on the kind.
  generator = {.seed = 3};
  CHECK(add_label_noise(clean, 0.45, generator).changed == noisy.changed);
}

TEST_CASE("data.label_noise.by-generator") {
  const ImageDataset clean = labelled(100, 10);
  const auto noisy = [&](std::uint64_t seed) {
    Generator generator = {.seed = seed};
    return add_label_noise(clean, 0.5, generator).dataset.labels.to_vector<std::int64_t>();
  };
  CHECK(noisy(1) == noisy(1));
  CHECK(noisy(1) != noisy(2));
}

TEST_CASE("data.label_noise.errors") {
  Generator generator;
  for (const double fraction : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(contains(error_of([&] { add_label_noise(labelled(10, 2), fraction, generator); }),
                   {"[label_noise] fraction must be 0 to 1"}));
  }
  for (const LabelNoise kind : {LabelNoise::symmetric, LabelNoise::pair}) {
    CHECK(contains(error_of([&] { add_label_noise(labelled(10, 1), 0.5, generator, kind); }),
                   {"[label_noise] there is no other class"}));
  }
  ImageDataset unnamed = labelled(10, 3);
  unnamed.class_names.pop_back();
  CHECK(contains(error_of([&] { add_label_noise(unnamed, 0.5, generator); }),
                 {"[label_noise] label 2 is 2", "names 2 classes"}));
}
