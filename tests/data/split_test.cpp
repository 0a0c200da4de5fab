#include "plastic/data/split.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/data/files.h"

using plastic::Generator;
using plastic::Tensor;
using namespace plastic::data;
using namespace plastic::test;

namespace {

/// counts[c] examples of class c, spread through the set; pixel i of example i tells it apart.
ImageDataset with_classes(const std::vector<std::int64_t>& counts) {
  std::vector<std::int64_t> labels;
  std::vector<std::int64_t> left = counts;
  while (std::ranges::any_of(left, [](std::int64_t n) { return n > 0; })) {
    for (std::size_t c = 0; c < left.size(); ++c) {
      if (left[c]-- > 0) labels.push_back(static_cast<std::int64_t>(c));
    }
  }
  std::vector<std::uint8_t> pixels;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    pixels.push_back(static_cast<std::uint8_t>(i / 256));
    pixels.push_back(static_cast<std::uint8_t>(i % 256));
  }
  const std::int64_t size = std::ssize(labels);
  return {Tensor::from(std::span<const std::uint8_t>(pixels), {size, 1, 1, 2}),
          Tensor::from(std::span<const std::int64_t>(labels), {size}),
          std::vector<std::string>(counts.size()),
          {0.5F},
          {0.5F}};
}

/// Which examples of with_classes a part holds.
std::vector<std::int64_t> examples(const ImageDataset& part) {
  const auto pixels = part.images.to_vector<std::uint8_t>();
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < pixels.size(); i += 2) out.push_back(pixels[i] * 256 + pixels[i + 1]);
  return out;
}

}  // namespace

TEST_CASE("data.split.keeps-class-shares") {
  const std::vector<std::int64_t> counts = {500, 37, 1, 0, 101, 250, 3};
  const ImageDataset all = with_classes(counts);
  for (const double fraction : {0.001, 0.1, 0.25, 1.0 / 3, 0.9, 0.998}) {
    CAPTURE(fraction);
    Generator generator = {.seed = 5};
    const Split split = stratified_split(all, fraction, generator);
    CHECK(split.validation.size() == std::llround(fraction * 892));
    CHECK(split.train.size() + split.validation.size() == 892);
    const auto labels = split.validation.labels.to_vector<std::int64_t>();
    for (std::size_t c = 0; c < counts.size(); ++c) {
      const auto found = std::ranges::count(labels, static_cast<std::int64_t>(c));
      const double exact = fraction * static_cast<double>(counts[c]);
      CHECK(std::abs(static_cast<double>(found) - exact) < 1);
    }
  }
}

TEST_CASE("data.split.parts-are-disjoint-and-in-order") {
  const ImageDataset all = with_classes({50, 30, 20});
  Generator generator = {.seed = 1};
  const Split split = stratified_split(all, 0.3, generator);
  const auto train = examples(split.train);
  const auto validation = examples(split.validation);
  CHECK(std::ranges::is_sorted(train));
  CHECK(std::ranges::is_sorted(validation));
  std::vector<std::int64_t> merged;
  std::ranges::merge(train, validation, std::back_inserter(merged));
  CHECK(merged == examples(all));
  const auto all_labels = all.labels.to_vector<std::int64_t>();
  const auto labels = split.validation.labels.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    CHECK(labels[i] == all_labels[static_cast<std::size_t>(validation[i])]);
  }
}

TEST_CASE("data.split.by-generator") {
  const ImageDataset all = with_classes({50, 50});
  const auto validation = [&](std::uint64_t seed) {
    Generator generator = {.seed = seed};
    return examples(stratified_split(all, 0.2, generator).validation);
  };
  CHECK(validation(1) == validation(1));
  CHECK(validation(1) != validation(2));
}

TEST_CASE("data.split.errors") {
  const ImageDataset all = with_classes({5, 5});
  Generator generator;
  for (const double fraction : {0.0, 1.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(contains(error_of([&] { stratified_split(all, fraction, generator); }),
                   {"[stratified_split] fraction must be above 0 and below 1"}));
  }
  CHECK(contains(error_of([&] { stratified_split(all, 0.01, generator); }),
                 {"0.01 of 10 examples leaves none for validation"}));
  CHECK(contains(error_of([&] { stratified_split(all, 0.99, generator); }),
                 {"leaves none for training"}));
}
