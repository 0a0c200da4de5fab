#include "plastic/data/tensor_dataset.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "plastic/core/ops.h"
#include "plastic/data/split.h"
#include "tests/data/files.h"

using plastic::DType;
using plastic::Generator;
using plastic::Tensor;
using namespace plastic::data;
using namespace plastic::test;

namespace {

std::vector<std::int64_t> integers(const Tensor& tensor) {
  return tensor.to(DType::i64).to_vector<std::int64_t>();
}

/// Features i, of classes i mod 3 that have names.
TensorDataset three_classes(std::int64_t count) {
  std::vector<std::int64_t> classes;
  for (std::int64_t i = 0; i < count; ++i) classes.push_back(i % 3);
  return {.features = Tensor::arange(count),
          .targets = Tensor::from(std::span<const std::int64_t>(classes), {count}),
          .class_names = {"a", "b", "c"},
          .feature_names = {"i"}};
}

}  // namespace

TEST_CASE("data.tensor_dataset.subset") {
  const TensorDataset all = three_classes(100);
  Generator generator{.seed = 1};
  const TensorDataset part = subset(all, 0.3, generator);
  CHECK(part.size() == 30);
  CHECK(part.class_names == all.class_names);
  CHECK(part.feature_names == all.feature_names);
  const auto examples = integers(part.features);
  CHECK(std::ranges::is_sorted(examples));
  CHECK(std::ranges::adjacent_find(examples) == examples.end());
  const auto classes = part.targets.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < examples.size(); ++i) CHECK(classes[i] == examples[i] % 3);
  CHECK(subset(all, 1, generator).size() == 100);
  for (const double fraction : {0.0, 1.5, std::nan("")}) {
    CHECK(contains(error_of([&] { subset(all, fraction, generator); }),
                   {"[subset] fraction must be above 0"}));
  }
  CHECK(contains(error_of([&] { subset(all, 0.001, generator); }), {"leaves none"}));
}

TEST_CASE("data.tensor_dataset.stratified_split") {
  for (const bool named : {true, false}) {
    TensorDataset all = three_classes(90);
    // Without names, classes are what occurs.
    if (!named) {
      all.class_names = {};
      all.targets = all.targets * std::int64_t{-1000};
    }
    Generator generator{.seed = 2};
    const TensorSplit split = stratified_split(all, 0.2, generator);
    CHECK(split.train.size() == 72);
    CHECK(split.validation.size() == 18);
    CHECK(split.train.class_names == all.class_names);
    const auto classes = split.validation.targets.to_vector<std::int64_t>();
    for (const std::int64_t c : {0, 1, 2}) {
      CHECK(std::ranges::count(classes, named ? c : -1000 * c) == 6);
    }
    auto examples = integers(split.train.features);
    const auto held_out = integers(split.validation.features);
    examples.insert(examples.end(), held_out.begin(), held_out.end());
    std::ranges::sort(examples);
    CHECK(examples == integers(Tensor::arange(90)));
  }
  Generator generator;
  TensorDataset all = three_classes(9);
  all.class_names = {"a", "b"};
  CHECK(contains(error_of([&] { stratified_split(all, 0.5, generator); }),
                 {"[stratified_split] target 2 is 2", "names 2 classes"}));
  all.targets = all.features;
  CHECK(contains(error_of([&] { stratified_split(all, 0.5, generator); }),
                 {"targets must be classes", "f32 (9,)", "random_split()"}));
}

TEST_CASE("data.tensor_dataset.random_split") {
  const Tensor i = Tensor::arange(50).unsqueeze(1);
  const TensorDataset all = {.features = i, .targets = i * 2.0};
  Generator generator{.seed = 3};
  const TensorSplit split = random_split(all, 0.3, generator);
  CHECK(split.validation.size() == 15);
  auto examples = integers(split.train.features);
  const auto held_out = integers(split.validation.features);
  CHECK(integers(split.validation.targets)[4] == 2 * held_out[4]);
  CHECK(std::ranges::is_sorted(held_out));
  examples.insert(examples.end(), held_out.begin(), held_out.end());
  std::ranges::sort(examples);
  CHECK(examples == integers(Tensor::arange(50)));
  Generator other{.seed = 4};
  CHECK(integers(random_split(all, 0.3, other).validation.features) != held_out);
  for (const double fraction : {0.0, 1.0}) {
    CHECK(contains(error_of([&] { random_split(all, fraction, generator); }),
                   {"[random_split] fraction must be above 0 and below 1"}));
  }
  CHECK(contains(error_of([&] { random_split(all, 0.001, generator); }),
                 {"leaves none for validation"}));
}
