#include "plastic/data/loader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <numeric>

#include "data/loading/prefetcher.h"
#include "plastic/core/device.h"
#include "plastic/core/error.h"
#include "tests/data/files.h"
#include "tests/support/thread_count.h"

using plastic::DType;
using plastic::Shape;
using plastic::Tensor;
using namespace plastic::data;
using namespace plastic::test;

namespace {

/// Labels 0, 1, ...; pixel p of image i is (i + p) mod 256.
ImageDataset numbered(std::int64_t count, std::int64_t channels = 1, std::int64_t side = 2) {
  const std::int64_t pixels = channels * side * side;
  std::vector<std::uint8_t> bytes;
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t p = 0; p < pixels; ++p) bytes.push_back(static_cast<std::uint8_t>(i + p));
  }
  const auto values = static_cast<std::size_t>(channels);
  return {Tensor::from(std::span<const std::uint8_t>(bytes), {count, channels, side, side}),
          Tensor::arange(count, {.dtype = DType::i64}),
          {},
          std::vector<float>(values, 0.5F),
          std::vector<float>(values, 0.25F)};
}

/// The labels of the next epoch, in order.
std::vector<std::int64_t> epoch_labels(Loader& loader) {
  std::vector<std::int64_t> out;
  loader.start_epoch();
  Batch batch;
  while (loader.next(batch)) {
    const auto labels = batch.labels.to_vector<std::int64_t>();
    out.insert(out.end(), labels.begin(), labels.end());
  }
  return out;
}

std::vector<std::int64_t> count_to(std::int64_t count) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(count));
  std::iota(out.begin(), out.end(), 0);
  return out;
}

}  // namespace

TEST_CASE("data.loader.batches") {
  const ImageDataset dataset = numbered(10);
  Loader loader(dataset, {.batch_size = 4, .shuffle = false});
  CHECK(loader.batch_count() == 3);
  loader.start_epoch();
  Batch batch;
  std::vector<std::int64_t> sizes;
  while (loader.next(batch)) {
    sizes.push_back(batch.labels.numel());
    CHECK(batch.images.shape() == Shape{sizes.back(), 1, 2, 2});
    CHECK(batch.images.dtype() == DType::f32);
  }
  CHECK(sizes == std::vector<std::int64_t>{4, 4, 2});
  CHECK(batch.labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{8, 9});
  CHECK(!loader.next(batch));
  CHECK(batch.labels.numel() == 2);
  CHECK(epoch_labels(loader) == count_to(10));
}

TEST_CASE("data.loader.drop-last") {
  const ImageDataset dataset = numbered(10);
  Loader loader(dataset, {.batch_size = 4, .shuffle = false, .drop_last = true});
  CHECK(loader.batch_count() == 2);
  CHECK(epoch_labels(loader) == count_to(8));
  Loader even(dataset, {.batch_size = 5, .shuffle = false, .drop_last = true});
  CHECK(even.batch_count() == 2);
  CHECK(epoch_labels(even) == count_to(10));
  Loader large(dataset, {.batch_size = INT64_MAX, .drop_last = true});
  CHECK(large.batch_count() == 0);
  CHECK(epoch_labels(large).empty());
}

TEST_CASE("data.loader.normalises") {
  ImageDataset dataset = numbered(300, 3, 1);
  dataset.mean = {0.5F, 0.1F, 0.9F};
  dataset.deviation = {0.5F, 0.25F, 2.0F};
  Loader loader(dataset, {.batch_size = 300, .shuffle = false});
  loader.start_epoch();
  Batch batch;
  REQUIRE(loader.next(batch));
  const auto bytes = dataset.images.to_vector<std::uint8_t>();
  const auto values = batch.images.to_vector<float>();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t channel = i % 3;
    const double expected =
        (bytes[i] / 255.0 - double{dataset.mean[channel]}) / double{dataset.deviation[channel]};
    CHECK(double{values[i]} == doctest::Approx(expected).epsilon(1e-6));
  }
  // The ends of the range are met exactly.
  CHECK(values[0] == -1.0F);
  CHECK(values[3 * 255] == 1.0F);
}

TEST_CASE("data.loader.shuffles") {
  const ImageDataset dataset = numbered(200);
  Loader loader(dataset, {.batch_size = 16, .generator = {.seed = 5}});
  loader.start_epoch();
  Batch batch;
  REQUIRE(loader.next(batch));
  const auto labels = batch.labels.to_vector<std::int64_t>();
  const auto values = batch.images.to_vector<float>();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const float expected = (static_cast<float>(labels[i]) / 255.0F - 0.5F) / 0.25F;
    CHECK(values[4 * i] == expected);
  }

  auto first = epoch_labels(loader);
  auto second = epoch_labels(loader);
  CHECK(first != second);
  CHECK(first != count_to(200));
  std::ranges::sort(first);
  std::ranges::sort(second);
  CHECK(first == count_to(200));
  CHECK(second == count_to(200));
}

TEST_CASE("data.loader.order-by-generator") {
  const ImageDataset dataset = numbered(100);
  const auto order = [&](const plastic::Generator& generator) {
    Loader loader(dataset, {.generator = generator});
    return epoch_labels(loader);
  };
  CHECK(order({.seed = 1}) == order({.seed = 1}));
  CHECK(order({.seed = 1}) != order({.seed = 2}));
  CHECK(order({.seed = 1}) != order({.seed = 1, .stream = 1}));
  CHECK(order({.seed = 1}) != order({.seed = 1, .offset = 1}));
}

TEST_CASE("data.loader.any-thread-count") {
  const ImageDataset dataset = numbered(256, 1, 28);
  const auto epoch = [&] {
    Loader loader(dataset, {.batch_size = 100, .generator = {.seed = 9}});
    loader.start_epoch();
    std::vector<float> values;
    std::vector<std::int64_t> labels;
    Batch batch;
    while (loader.next(batch)) {
      for (const float value : batch.images.to_vector<float>()) values.push_back(value);
      for (const std::int64_t label : batch.labels.to_vector<std::int64_t>()) {
        labels.push_back(label);
      }
    }
    return std::pair(values, labels);
  };
  const ThreadCount one(1);
  const auto alone = epoch();
  const ThreadCount three(3);
  CHECK(epoch() == alone);
}

TEST_CASE("data.loader.any-prefetch-thread-count") {
  const ImageDataset dataset = numbered(203, 1, 5);
  for (const bool drop_last : {false, true}) {
    LoaderOptions options = {.batch_size = 8, .drop_last = drop_last, .generator = {.seed = 9}};
    Loader alone(dataset, options);
    for (const int threads : {1, 2, 7}) {
      CAPTURE(threads);
      options.prefetch_threads = threads;
      Loader ahead(dataset, options);
      alone.restore(ahead.state());
      Batch expected;
      Batch batch;
      for (int epoch = 0; epoch < 3; ++epoch) {
        alone.start_epoch();
        ahead.start_epoch();
        while (alone.next(expected)) {
          REQUIRE(ahead.next(batch));
          CHECK(ahead.state() == alone.state());
          CHECK(batch.labels.to_vector<std::int64_t>() ==
                expected.labels.to_vector<std::int64_t>());
          CHECK(batch.images.to_vector<float>() == expected.images.to_vector<float>());
        }
        CHECK(!ahead.next(batch));
        CHECK(!ahead.next(batch));
      }
    }
  }
}

TEST_CASE("data.loader.prefetch-resumes-and-stops-anywhere") {
  const ImageDataset dataset = numbered(60);
  const LoaderOptions options = {.batch_size = 4, .generator = {.seed = 2}, .prefetch_threads = 2};
  for (int given = 0; given <= 15; ++given) {
    CAPTURE(given);
    Loader loader(dataset, options);
    Batch batch;
    loader.start_epoch();
    for (int i = 0; i < given; ++i) REQUIRE(loader.next(batch));
    // Batches prepared and not taken are dropped by restoring, by moving over and by destruction.
    Loader resumed(dataset, options);
    resumed.start_epoch();
    resumed.restore(loader.state());
    Batch other;
    while (loader.next(batch)) {
      REQUIRE(resumed.next(other));
      CHECK(batch.labels.to_vector<std::int64_t>() == other.labels.to_vector<std::int64_t>());
    }
    CHECK(!resumed.next(other));
    CHECK(epoch_labels(resumed) == epoch_labels(loader));
    loader.start_epoch();
    resumed.start_epoch();
    loader = std::move(resumed);
    CHECK(loader.next(batch));
  }
}

TEST_CASE("data.prefetcher.order-and-bound") {
  std::atomic<std::int64_t> taken = 0;
  std::atomic<bool> too_far = false;
  Prefetcher prefetcher(3, 5, 200, [&](std::int64_t index) {
    // One more than waits to be taken may be on its way to the caller.
    if (index > 5 + taken + 4) too_far = true;
    return TensorPair{{}, Tensor::full({1}, static_cast<double>(index), {.dtype = DType::i64})};
  });
  for (std::int64_t i = 5; i < 200; ++i) {
    CHECK(prefetcher.take().targets.to_vector<std::int64_t>()[0] == i);
    ++taken;
  }
  CHECK(!too_far);
}

TEST_CASE("data.prefetcher.exception") {
  Prefetcher prefetcher(2, 0, 10, [](std::int64_t index) -> TensorPair {
    if (index == 3) throw plastic::Error("[test] the fourth");
    return {};
  });
  for (int i = 0; i < 3; ++i) prefetcher.take();
  for (int i = 0; i < 2; ++i) {
    CHECK(error_of([&] { prefetcher.take(); }) == "[test] the fourth");
  }
}

TEST_CASE("data.loader.batches-do-not-alias") {
  const ImageDataset dataset = numbered(8);
  Loader loader(dataset, {.batch_size = 2, .shuffle = false});
  loader.start_epoch();
  Batch batch;
  REQUIRE(loader.next(batch));
  const Batch kept = batch;
  const auto before = kept.images.to_vector<float>();
  while (loader.next(batch)) CHECK(batch.images.data<float>() != kept.images.data<float>());
  CHECK(kept.images.to_vector<float>() == before);
  CHECK(kept.labels.to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 1});
}

TEST_CASE("data.loader.outlives-the-data-set") {
  Loader loader(numbered(5), {.shuffle = false});
  CHECK(epoch_labels(loader) == count_to(5));
}

TEST_CASE("data.loader.view") {
  ImageDataset dataset = numbered(20, 1, 3);
  dataset.images = dataset.images.slice(0, 0, 20, 2).transpose(2, 3);
  dataset.labels = dataset.labels.slice(0, 0, 20, 2);
  Loader loader(dataset, {.shuffle = false});
  loader.start_epoch();
  Batch batch;
  REQUIRE(loader.next(batch));
  CHECK(batch.labels.to_vector<std::int64_t>()[3] == 6);
  // Row 0, column 1 of image 3, which is row 1, column 0 of image 6 before.
  CHECK(batch.images.to_vector<float>()[3 * 9 + 1] == (9.0F / 255.0F - 0.5F) / 0.25F);
}

TEST_CASE("data.loader.no-examples") {
  Loader loader(numbered(0), {});
  CHECK(loader.batch_count() == 0);
  CHECK(epoch_labels(loader).empty());
}

TEST_CASE("data.loader.resumes-anywhere") {
  const ImageDataset dataset = numbered(50);
  for (const bool shuffle : {true, false}) {
    const LoaderOptions options = {
        .batch_size = 8, .shuffle = shuffle, .generator = {.seed = 3, .stream = 2, .offset = 1}};
    Loader whole(dataset, options);
    // -1 stands before the first epoch, 7 at the end of one.
    for (std::int64_t given = -1; given <= 7; ++given) {
      CAPTURE(given);
      Batch batch;
      if (given >= 0) whole.start_epoch();
      for (std::int64_t i = 0; i < given; ++i) REQUIRE(whole.next(batch));

      // The options' generator must not matter.
      Loader resumed(dataset, {.batch_size = 8, .shuffle = shuffle, .generator = {.seed = 99}});
      resumed.restore(whole.state());
      CHECK(resumed.state() == whole.state());
      Batch other;
      while (given >= 0 && whole.next(batch)) {
        REQUIRE(resumed.next(other));
        CHECK(batch.labels.to_vector<std::int64_t>() == other.labels.to_vector<std::int64_t>());
        CHECK(batch.images.to_vector<float>() == other.images.to_vector<float>());
      }
      if (given >= 0) CHECK(!resumed.next(other));
      CHECK(epoch_labels(resumed) == epoch_labels(whole));
      CHECK(epoch_labels(resumed) == epoch_labels(whole));
      CHECK(resumed.state() == whole.state());
    }
  }
}

TEST_CASE("data.loader.state") {
  const plastic::Generator start = {.seed = 4};
  Loader loader(numbered(10), {.batch_size = 4, .drop_last = true, .generator = start});
  CHECK(loader.state() == LoaderState{.generator = start});
  loader.start_epoch();
  CHECK(loader.state() == LoaderState{.generator = start, .started = true});
  Batch batch;
  while (loader.next(batch)) {
  }
  CHECK(loader.state() == LoaderState{.generator = start, .started = true, .position = 8});
  loader.start_epoch();
  CHECK(loader.state().generator != start);
  CHECK(loader.state().position == 0);
}

TEST_CASE("data.loader.state-errors") {
  Loader loader(numbered(10), {.batch_size = 4});
  loader.start_epoch();
  const LoaderState before = loader.state();
  for (const std::int64_t position : {-4, -1, 3, 12, 11}) {
    CHECK(contains(error_of([&] { loader.restore({.started = true, .position = position}); }),
                   {"[loader] a state at example", std::to_string(position), "10 examples"}));
  }
  CHECK(contains(error_of([&] { loader.restore({.position = 4}); }), {"not started"}));
  CHECK(loader.state() == before);
  loader.restore({.started = true, .position = 10});
  Batch batch;
  CHECK(!loader.next(batch));
}

TEST_CASE("data.loader.two-phases") {
  const ImageDataset dataset = numbered(10);
  for (const int threads : {0, 2}) {
    CAPTURE(threads);
    LoaderOptions options{.batch_size = 4, .generator = {.seed = 2}, .prefetch_threads = threads};
    Loader whole(dataset, options);
    Loader loader(dataset, options);
    CHECK(loader.batch_size() == 0);
    CHECK_THROWS_WITH_AS(loader.gather(), doctest::Contains("call advance() before it"),
                         plastic::Error);
    whole.start_epoch();
    loader.start_epoch();
    Batch expected;
    REQUIRE(whole.next(expected));
    REQUIRE(loader.advance());
    CHECK(loader.batch_size() == 4);
    // A batch that nobody wants is passed by.
    REQUIRE(whole.next(expected));
    REQUIRE(loader.advance());
    CHECK(loader.state() == whole.state());
    CHECK(loader.gather().labels.to_vector<std::int64_t>() ==
          expected.labels.to_vector<std::int64_t>());
    CHECK_THROWS_AS(loader.gather(), plastic::Error);
    REQUIRE(whole.next(expected));
    REQUIRE(loader.advance());
    CHECK(loader.batch_size() == 2);
    CHECK(loader.gather().labels.to_vector<std::int64_t>() ==
          expected.labels.to_vector<std::int64_t>());
    CHECK_FALSE(loader.advance());
  }
}

TEST_CASE("data.loader.errors") {
  const ImageDataset dataset = numbered(4);
  for (const std::int64_t batch_size : {0, -3}) {
    CHECK(contains(error_of([&] { Loader(dataset, {.batch_size = batch_size}); }),
                   {"[loader] batch_size must be at least 1"}));
  }
  for (const int threads : {-1, 65}) {
    CHECK(contains(error_of([&] { Loader(dataset, {.prefetch_threads = threads}); }),
                   {"[loader] prefetch_threads must be 0 to 64", std::to_string(threads)}));
  }
  CHECK(contains(error_of([&] { Loader({}, {}); }), {"[loader] the data set has no images"}));
  Loader loader(dataset, {});
  Batch batch;
  CHECK(contains(error_of([&] { loader.next(batch); }), {"[loader] ", "call start_epoch()"}));
}
