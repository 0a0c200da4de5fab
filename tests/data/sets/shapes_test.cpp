#include "plastic/data/shapes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "plastic/core/autograd.h"
#include "plastic/core/device.h"
#include "plastic/core/ops.h"
#include "plastic/data/catalog.h"
#include "plastic/data/loader.h"
#include "plastic/nn/models.h"
#include "plastic/optim/adam.h"
#include "tests/data/files.h"

using plastic::Generator;
using plastic::Shape;
using plastic::Tensor;
using namespace plastic::data;
using namespace plastic::test;

namespace {

/// Trains with Adam.
void train(plastic::nn::Module& model, const ImageDataset& dataset, std::int64_t batch_size,
           int epochs) {
  plastic::optim::Adam optimizer(model.parameters(), {.lr = 1e-3});
  Loader loader(dataset, {.batch_size = batch_size, .generator = {.seed = 41, .stream = 1}});
  for (int epoch = 0; epoch < epochs; ++epoch) {
    loader.start_epoch();
    for (Batch batch; loader.next(batch);) {
      plastic::cross_entropy(model(batch.images), batch.labels).backward();
      optimizer.step();
      optimizer.zero_grad();
    }
  }
}

/// Share of `dataset` whose class `model` finds.
double accuracy(plastic::nn::Module& model, const ImageDataset& dataset) {
  model.eval();
  const plastic::NoGrad no_grad;
  Loader loader(dataset, {.batch_size = 100, .shuffle = false});
  loader.start_epoch();
  double found = 0;
  for (Batch batch; loader.next(batch);) {
    const Tensor classes = plastic::argmax(model(batch.images), 1);
    found += plastic::sum(plastic::equal(classes, batch.labels).to(plastic::DType::f32)).item();
  }
  return found / static_cast<double>(dataset.size());
}

}  // namespace

TEST_CASE("data.shapes.set") {
  const DatasetPair pair = shapes({.train_size = 200, .test_size = 50});
  CHECK(pair.name == "shapes");
  CHECK(pair.source == "generated");
  CHECK(pair.train.images.shape() == Shape{200, 3, 32, 32});
  CHECK(pair.test.images.shape() == Shape{50, 3, 32, 32});
  const auto labels = pair.train.labels.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    CHECK(labels[i] == static_cast<std::int64_t>(i % 10));
  }
  CHECK(pair.train.class_names.size() == 10);
  CHECK(pair.train.class_names.front() == "striped disc");
  CHECK(pair.train.class_names.back() == "checked ring");
  CHECK(contains(error_of([] { shapes({.train_size = 0}); }), {"[shapes] ", "train_size 0"}));
  CHECK(contains(error_of([] { load("shapes", "/somewhere"); }), {"shapes is generated"}));
}

TEST_CASE("data.shapes.same-bytes-everywhere") {
  const DatasetPair pair = shapes({.train_size = 1000, .test_size = 200});
  CHECK(hash(bytes_of(pair.train.images)) == 0x527c2789619f507fU);
  CHECK(hash(bytes_of(pair.test.images)) == 0x21f22a587031ed37U);
}

TEST_CASE("data.shapes.any-thread-count-and-size") {
  const int before = plastic::num_threads();
  plastic::set_num_threads(1);
  const Bytes alone = bytes_of(shapes({.train_size = 300}).train.images);
  plastic::set_num_threads(3);
  CHECK(bytes_of(shapes({.train_size = 300}).train.images) == alone);
  plastic::set_num_threads(before);
  const Bytes small = bytes_of(shapes({.train_size = 30}).train.images);
  CHECK(std::equal(small.begin(), small.end(), alone.begin()));
  CHECK(bytes_of(shapes({.train_size = 30, .seed = 1}).train.images) != small);
}

TEST_CASE("data.shapes.colour-and-place-tell-nothing") {
  // The mean of a channel over a quarter of the page, over the images of a class.
  const ImageDataset set = shapes({.train_size = 10000}).train;
  const Bytes bytes = bytes_of(set.images);
  std::vector<double> sums(std::size_t{10} * 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t quarter = (i / 512 % 2) * 2 + (i / 16 % 2);
    sums[((i / 3072 % 10) * 3 + i / 1024 % 3) * 4 + quarter] += bytes[i];
  }
  for (const double sum : sums) {
    // Uniform colours have a deviation of 74; of a thousand images' mean it is 2.3.
    CHECK(std::abs(sum / (1000 * 256) - 127.5) < 10);
  }
}

// A linear model may at best know its training images by heart.
TEST_CASE("data.shapes.too-hard-for-a-linear-model") {
  const DatasetPair pair = shapes();
  Generator generator = {.seed = 41};
  const auto model =
      plastic::nn::mlp({.inputs = 3072, .hidden = {}, .dropout = 0, .generator = &generator});
  train(*model, pair.train, 128, 4);
  CHECK(accuracy(*model, pair.test) < 0.16);
}

TEST_CASE("data.shapes.small-cnn-learns-them") {
  const DatasetPair pair = shapes({.train_size = 5000, .test_size = 1000});
  Generator generator = {.seed = 41};
  const auto model = plastic::nn::small_cnn({.generator = &generator});
  train(*model, pair.train, 64, 1);
  CHECK(accuracy(*model, pair.test) > 0.25);
}
