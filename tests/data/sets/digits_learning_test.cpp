#include <doctest/doctest.h>

#include "plastic/core/autograd.h"
#include "plastic/core/ops.h"
#include "plastic/data/digits.h"
#include "plastic/data/loader.h"
#include "plastic/nn/models.h"
#include "plastic/optim/adam.h"

using plastic::Generator;
using plastic::Tensor;
using namespace plastic::data;

namespace {

double accuracy(plastic::nn::Module& model, const ImageDataset& dataset) {
  const plastic::NoGrad no_grad;
  model.eval();
  Loader loader(dataset, {.batch_size = 500, .shuffle = false});
  loader.start_epoch();
  std::int64_t right = 0;
  Batch batch;
  while (loader.next(batch)) {
    const auto found = plastic::argmax(model(batch.images), 1).to_vector<std::int64_t>();
    const auto labels = batch.labels.to_vector<std::int64_t>();
    for (std::size_t i = 0; i < labels.size(); ++i) right += found[i] == labels[i] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(dataset.size());
}

/// Test accuracy after training on the generated digits with Adam, at a tenth of the rate in the
/// last two epochs.
double trained_accuracy(const std::vector<std::int64_t>& hidden, int epochs) {
  const DatasetPair pair = digits();
  Generator generator = {.seed = 41};
  const auto model = plastic::nn::mlp({.hidden = hidden, .dropout = 0, .generator = &generator});
  plastic::optim::Adam optimizer(model->parameters(), {.lr = 3e-3});
  Loader loader(pair.train, {.batch_size = 128, .generator = {.seed = 41, .stream = 1}});
  for (int epoch = 0; epoch < epochs; ++epoch) {
    if (epoch == epochs - 2) optimizer.set_lr(3e-4);
    loader.start_epoch();
    Batch batch;
    while (loader.next(batch)) {
      plastic::cross_entropy((*model)(batch.images), batch.labels).backward();
      optimizer.step();
      optimizer.zero_grad();
    }
  }
  return accuracy(*model, pair.test);
}

}  // namespace

TEST_CASE("data.digits.too-hard-for-a-linear-model") {
  const double reached = trained_accuracy({}, 8);
  CHECK(reached > 0.80);
  CHECK(reached < 0.95);
}

TEST_CASE("data.digits.learnt-by-an-mlp") { CHECK(trained_accuracy({256, 256}, 6) > 0.95); }
