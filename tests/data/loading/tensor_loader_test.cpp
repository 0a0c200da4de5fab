#include "plastic/data/tensor_loader.h"

#include <doctest/doctest.h>

#include <cmath>

#include "plastic/core/autograd.h"
#include "plastic/core/ops.h"
#include "plastic/data/loader.h"
#include "plastic/data/split.h"
#include "plastic/data/standardization.h"
#include "plastic/nn/loss.h"
#include "plastic/nn/models.h"
#include "plastic/nn/sequential.h"
#include "plastic/optim/adam.h"
#include "tests/core/pretend_device.h"
#include "tests/data/files.h"
#include "tests/support/thread_count.h"

using plastic::DType;
using plastic::Generator;
using plastic::Shape;
using plastic::Tensor;
using namespace plastic::data;
using namespace plastic::test;

namespace {

/// Example i has the features i, i + 1/2 and the target 10 i.
TensorDataset counted(std::int64_t count) {
  const Tensor i = Tensor::arange(count).unsqueeze(1);
  return {.features = concat(std::vector{i, i + 0.5}, 1), .targets = i * 10.0};
}

std::vector<float> targets_of(TensorLoader& loader) {
  std::vector<float> out;
  for (TensorBatch batch; loader.next(batch);) {
    for (const float value : batch.targets.to_vector<float>()) out.push_back(value);
  }
  return out;
}

std::vector<float> epoch_of(TensorLoader& loader) {
  loader.start_epoch();
  return targets_of(loader);
}

/// A network of one hidden layer.
std::shared_ptr<plastic::nn::Sequential> network(std::int64_t inputs, std::int64_t outputs,
                                                 Generator& generator) {
  return plastic::nn::mlp({.inputs = inputs,
                           .hidden = {32},
                           .classes = outputs,
                           .dropout = 0,
                           .generator = &generator});
}

/// The mean squared error of a network after fitting a sine; its loader goes to `state` and back in
/// every epoch where `resumes`.
std::vector<float> fitted_sine(int prefetch_threads, bool resumes) {
  Generator generator{.seed = 7};
  const Tensor x = uniform({500, 1}, -3, 3, generator);
  const TensorDataset dataset = {.features = x, .targets = sin(x)};
  const auto model = network(1, 1, generator);
  plastic::optim::Adam optimizer(model->parameters(), {.lr = 0.01});
  const TensorLoaderOptions options = {
      .batch_size = 64, .generator = {.seed = 3}, .prefetch_threads = prefetch_threads};
  auto batches = std::make_unique<TensorLoader>(dataset, options);
  for (int epoch = 0; epoch < 80; ++epoch) {
    batches->start_epoch();
    std::int64_t given = 0;
    for (TensorBatch batch; batches->next(batch);) {
      optimizer.zero_grad();
      plastic::nn::mse_loss((*model)(batch.features), batch.targets).backward();
      optimizer.step();
      if (resumes && ++given == 3) {
        const LoaderState state = batches->state();
        batches = std::make_unique<TensorLoader>(
            dataset, TensorLoaderOptions{.batch_size = 64, .prefetch_threads = prefetch_threads});
        batches->restore(state);
      }
    }
  }
  const plastic::NoGrad no_grad;
  const Tensor grid = Tensor::arange(61).reshape({61, 1}) * 0.1 - 3.0;
  return (*model)(grid).to_vector<float>();
}

double error_of_sine(const std::vector<float>& values) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double difference = double{values[i]} - std::sin(0.1 * static_cast<double>(i) - 3.0);
    sum += difference * difference;
  }
  return sum / static_cast<double>(values.size());
}

}  // namespace

TEST_CASE("data.tensor_loader.batches") {
  TensorLoader loader(counted(10), {.batch_size = 4, .shuffle = false});
  CHECK(loader.batch_count() == 3);
  loader.start_epoch();
  TensorBatch batch;
  std::vector<std::int64_t> sizes;
  while (loader.next(batch)) {
    sizes.push_back(batch.features.size(0));
    CHECK(batch.features.shape() == Shape{sizes.back(), 2});
    CHECK(batch.targets.shape() == Shape{sizes.back(), 1});
  }
  CHECK(sizes == std::vector<std::int64_t>{4, 4, 2});
  CHECK(batch.features.to_vector<float>() == std::vector<float>{8, 8.5F, 9, 9.5F});
  CHECK(batch.targets.to_vector<float>() == std::vector<float>{80, 90});
  CHECK_FALSE(loader.next(batch));
  TensorLoader full(counted(10), {.batch_size = 4, .shuffle = false, .drop_last = true});
  CHECK(full.batch_count() == 2);
  CHECK(epoch_of(full).size() == 8);
}

TEST_CASE("data.tensor_loader.any_shape_and_dtype") {
  const Tensor numbers = Tensor::arange(24, {.dtype = DType::i64});
  for (const DType dtype : {DType::f32, DType::f64, DType::i64, DType::u8, DType::bf16}) {
    CAPTURE(name_of(dtype));
    const Tensor features = numbers.to(DType::f32).to(dtype).reshape({4, 2, 3});
    // Classes, and every second row of another tensor, transposed.
    const Tensor targets = numbers.reshape({8, 3}).slice(0, 0, 8, 2).transpose(0, 0);
    TensorLoader loader({.features = features, .targets = targets},
                        {.batch_size = 3, .generator = {.seed = 2}});
    loader.start_epoch();
    for (TensorBatch batch; loader.next(batch);) {
      CHECK(batch.features.dtype() == dtype);
      CHECK(batch.features.is_contiguous());
      const auto values = batch.features.to(DType::f32).to_vector<float>();
      const auto classes = batch.targets.to_vector<std::int64_t>();
      for (std::int64_t i = 0; i < batch.features.size(0); ++i) {
        const std::int64_t example = classes[static_cast<std::size_t>(3 * i)] / 6;
        for (std::int64_t j = 0; j < 6; ++j) {
          CHECK(values[static_cast<std::size_t>(6 * i + j)] == static_cast<float>(6 * example + j));
        }
      }
    }
  }
  // Labels of rank 1, features of rank 1, and examples without features.
  TensorLoader line({.features = Tensor::arange(3), .targets = numbers.slice(0, 0, 3)});
  line.start_epoch();
  TensorBatch batch;
  REQUIRE(line.next(batch));
  CHECK(batch.features.to(DType::i64).to_vector<std::int64_t>() ==
        batch.targets.to_vector<std::int64_t>());
  TensorLoader none({.features = Tensor::zeros({3, 0}), .targets = Tensor::zeros({3})});
  none.start_epoch();
  REQUIRE(none.next(batch));
  CHECK(batch.features.shape() == Shape{3, 0});
}

TEST_CASE("data.tensor_loader.order_is_the_image_loaders") {
  const std::int64_t count = 37;
  const Tensor numbers = Tensor::arange(count, {.dtype = DType::i64});
  const ImageDataset images = {
      Tensor::zeros({count, 1, 1, 1}, {.dtype = DType::u8}), numbers, {}, {0.5F}, {0.5F}};
  Loader image_loader(images, {.batch_size = 8, .generator = {.seed = 4, .stream = 2}});
  TensorLoader loader({.features = numbers, .targets = numbers},
                      {.batch_size = 8, .generator = {.seed = 4, .stream = 2}});
  for (int epoch = 0; epoch < 3; ++epoch) {
    image_loader.start_epoch();
    loader.start_epoch();
    Batch expected;
    for (TensorBatch batch; loader.next(batch);) {
      REQUIRE(image_loader.next(expected));
      CHECK(loader.state() == image_loader.state());
      CHECK(batch.targets.to_vector<std::int64_t>() == expected.labels.to_vector<std::int64_t>());
      CHECK(batch.features.to_vector<std::int64_t>() == expected.labels.to_vector<std::int64_t>());
    }
    CHECK_FALSE(image_loader.next(expected));
  }
}

TEST_CASE("data.tensor_loader.same_bits_for_any_number_of_threads") {
  // Rows long enough for several threads to share a batch.
  Generator generator{.seed = 1};
  const TensorDataset dataset = {.features = normal({60, 5000}, 0, 1, generator),
                                 .targets = Tensor::arange(60)};
  const auto epoch = [&](int threads, int prefetch_threads) {
    const ThreadCount count(threads);
    TensorLoader loader(
        dataset,
        {.batch_size = 16, .generator = {.seed = 9}, .prefetch_threads = prefetch_threads});
    loader.start_epoch();
    std::vector<float> values;
    for (TensorBatch batch; loader.next(batch);) {
      for (const float value : batch.features.to_vector<float>()) values.push_back(value);
      for (const float value : batch.targets.to_vector<float>()) values.push_back(value);
    }
    return values;
  };
  const auto alone = epoch(1, 0);
  CHECK(alone.size() == 60 * 5001);
  CHECK(epoch(3, 0) == alone);
  CHECK(epoch(1, 1) == alone);
  CHECK(epoch(2, 7) == alone);
}

TEST_CASE("data.tensor_loader.resumes_anywhere") {
  const TensorDataset dataset = counted(50);
  for (const int threads : {0, 2}) {
    TensorLoader whole(dataset, {.batch_size = 8, .generator = {.seed = 3, .offset = 1}});
    for (std::int64_t given = 0; given <= 7; ++given) {
      CAPTURE(given);
      TensorBatch batch;
      whole.start_epoch();
      for (std::int64_t i = 0; i < given; ++i) REQUIRE(whole.next(batch));
      // The options' generator must not matter.
      TensorLoader resumed(
          dataset, {.batch_size = 8, .generator = {.seed = 99}, .prefetch_threads = threads});
      resumed.restore(whole.state());
      CHECK(resumed.state() == whole.state());
      CHECK(targets_of(resumed) == targets_of(whole));
      CHECK(epoch_of(resumed) == epoch_of(whole));
    }
  }
}

TEST_CASE("data.tensor_loader.fits_a_sine") {
  const std::vector<float> values = fitted_sine(0, false);
  CHECK(error_of_sine(values) < 1e-3);
  // Interrupted in the middle of each epoch, with batches prepared ahead, on more threads.
  CHECK(fitted_sine(0, true) == values);
  CHECK(fitted_sine(2, true) == values);
  const ThreadCount one(1);
  CHECK(fitted_sine(2, false) == values);
}

TEST_CASE("data.tensor_loader.fits_a_table") {
  // Three classes, rings around (5000, 0.002), of columns whose units differ.
  Generator generator{.seed = 8};
  const Tensor plane = uniform({900, 2}, -1, 1, generator);
  std::vector<std::int64_t> rings;
  const auto places = plane.to_vector<float>();
  for (std::size_t i = 0; i < places.size(); i += 2) {
    const float radius = std::hypot(places[i], places[i + 1]);
    rings.push_back(radius < 0.5F ? 0 : radius < 0.9F ? 1 : 2);
  }
  const TensorDataset table = {
      .features = plane * Tensor::of({1000, 0.001F}, {2}) + Tensor::of({5000, 0.002F}, {2}),
      .targets = Tensor::from(std::span<const std::int64_t>(rings), {900}),
      .class_names = {"inner", "middle", "outer"}};
  TensorSplit parts = stratified_split(table, 0.2, generator);
  const Standardization scale = standardization(parts.train.features);
  parts.train.features = scale.apply(parts.train.features);
  const auto model = network(2, 3, generator);
  plastic::optim::Adam optimizer(model->parameters(), {.lr = 0.02});
  TensorLoader batches(parts.train, {.batch_size = 50, .generator = {.seed = 3}});
  for (int epoch = 0; epoch < 40; ++epoch) {
    batches.start_epoch();
    for (TensorBatch batch; batches.next(batch);) {
      optimizer.zero_grad();
      cross_entropy((*model)(batch.features), batch.targets).backward();
      optimizer.step();
    }
  }
  const plastic::NoGrad no_grad;
  const Tensor found = argmax((*model)(scale.apply(parts.validation.features)), 1);
  CHECK(mean(equal(found, parts.validation.targets).to(DType::f32)).item() > 0.95);
}

TEST_CASE("data.tensor_loader.on_a_device") {
  const PretendDevice pretend;
  const plastic::Device device = plastic::Device{.type = plastic::DeviceType::cuda};
  const TensorDataset dataset = counted(10);
  const TensorLoaderOptions options = {
      .batch_size = 4, .generator = {.seed = 6}, .prefetch_threads = 2};
  TensorLoader expected(dataset, options);
  TensorLoader loader(
      {.features = dataset.features.to(device), .targets = dataset.targets.to(device)}, options);
  TensorBatch batch;
  TensorBatch on_host;
  for (int epoch = 0; epoch < 2; ++epoch) {
    expected.start_epoch();
    loader.start_epoch();
    while (expected.next(on_host)) {
      REQUIRE(loader.next(batch));
      CHECK(batch.features.device() == device);
      CHECK(batch.features.to(plastic::Device{}).to_vector<float>() ==
            on_host.features.to_vector<float>());
      CHECK(batch.targets.to(plastic::Device{}).to_vector<float>() ==
            on_host.targets.to_vector<float>());
    }
    CHECK_FALSE(loader.next(batch));
  }
  CHECK(contains(error_of([&] {
                   TensorLoader(
                       {.features = dataset.features.to(device), .targets = dataset.targets});
                 }),
                 {"[loader] features are on cuda:0, targets on cpu"}));
  CHECK(contains(error_of([&] {
                   Generator generator;
                   subset({.features = dataset.features.to(device),
                           .targets = dataset.targets.to(device)},
                          0.5, generator);
                 }),
                 {"[subset] the data set is on cuda:0"}));
}

TEST_CASE("data.tensor_loader.errors") {
  const Tensor five = Tensor::arange(5);
  const auto error = [](const TensorDataset& dataset, const TensorLoaderOptions& options) {
    return error_of([&] { TensorLoader(dataset, options); });
  };
  CHECK(contains(error({}, {}), {"[loader] the data set has no features"}));
  CHECK(contains(error({.features = five, .targets = {}}, {}), {"has no targets"}));
  CHECK(contains(error({.features = five, .targets = Tensor::arange(4)}, {}),
                 {"counts differ: features (5,), targets (4,)"}));
  CHECK(contains(error({.features = Tensor::full({}, 1), .targets = five}, {}),
                 {"features are a single number"}));
  CHECK(contains(error({.features = five, .targets = five}, {.batch_size = 0}),
                 {"batch_size must be at least 1, got 0"}));
  CHECK(contains(error({.features = five, .targets = five}, {.prefetch_threads = 65}),
                 {"prefetch_threads must be 0 to 64, got 65"}));
  TensorLoader loader({.features = five, .targets = five});
  TensorBatch batch;
  CHECK(contains(error_of([&] { loader.next(batch); }), {"call start_epoch()"}));
  CHECK(contains(error_of([&] { loader.restore({.started = true, .position = 3}); }),
                 {"a state at example 3", "5 examples"}));
}
