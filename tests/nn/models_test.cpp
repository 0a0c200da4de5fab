#include "plastic/nn/models.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/optim/sgd.h"

namespace plastic::nn {
namespace {

std::vector<std::string> names(const StateDict& state) {
  std::vector<std::string> found;
  for (const NamedTensor& entry : state) found.push_back(entry.name);
  return found;
}

bool contains(const std::vector<std::string>& all, const std::string& name) {
  return std::find(all.begin(), all.end(), name) != all.end();
}

TEST_CASE("nn.models.small_cnn") {
  Generator generator{.seed = 1};
  const auto model = small_cnn({.generator = &generator});
  CHECK(names(model->state_dict()) ==
        std::vector<std::string>{"0.weight", "0.bias", "2.weight", "2.bias", "5.weight", "5.bias",
                                 "9.weight", "9.bias", "12.weight", "12.bias"});
  CHECK(model->parameter_count() == 896 + 18496 + 73856 + 8192 * 256 + 256 + 2570);
  model->eval();
  CHECK((*model)(Tensor::ones({2, 3, 32, 32})).shape() == Shape{2, 10});
  CHECK((*small_cnn({.channels = 1, .height = 28, .width = 30, .classes = 3}))(
            Tensor::ones({1, 1, 28, 30}))
            .shape() == Shape{1, 3});
  CHECK_THROWS_WITH_AS(small_cnn({.height = 3}), doctest::Contains("got 3 x 32"), Error);
}

TEST_CASE("nn.models.lenet") {
  const ModulePtr model = lenet();
  CHECK(names(model->state_dict()) ==
        std::vector<std::string>{"conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias",
                                 "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"});
  CHECK(model->parameter_count() == 431080);
  CHECK((*model)(Tensor::ones({2, 1, 28, 28})).shape() == Shape{2, 10});
  CHECK_THROWS_WITH_AS(lenet({.channels = 1, .height = 15, .width = 28}),
                       doctest::Contains("got 15 x 28"), Error);
}

TEST_CASE("nn.models.resnet18") {
  const ModulePtr cifar = resnet18();
  CHECK(cifar->parameter_count() == 11173962);
  const ModulePtr imagenet = resnet18({.classes = 1000}, ResNetStem::imagenet);
  CHECK(imagenet->parameter_count() == 11689512);
  const std::vector<std::string> found = names(imagenet->state_dict());
  // 62 parameters, and three buffers for each of 20 normalisations.
  CHECK(found.size() == 122);
  for (const char* name :
       {"conv1.weight", "bn1.running_mean", "bn1.num_batches_tracked", "layer1.0.conv1.weight",
        "layer1.1.bn2.bias", "layer2.0.downsample.0.weight", "layer2.0.downsample.1.running_var",
        "layer4.1.conv2.weight", "fc.weight", "fc.bias"}) {
    CHECK_MESSAGE(contains(found, name), name);
  }
  CHECK_FALSE(contains(found, "layer1.0.downsample.0.weight"));
  CHECK_FALSE(contains(found, "conv1.bias"));
  CHECK(names(cifar->state_dict()) == found);
}

TEST_CASE("nn.models.resnet18_initial_values") {
  Generator generator{.seed = 1};
  const ModulePtr model = resnet18({.generator = &generator});
  for (const NamedTensor& entry : model->named_parameters()) {
    if (entry.name != "layer2.0.conv1.weight") continue;
    // √2/√(128·9)
    CHECK(std::sqrt(var(entry.tensor).item()) ==
          doctest::Approx(std::sqrt(2.0 / 1152)).epsilon(0.01));
  }
}

TEST_CASE("nn.models.resnet18_runs_small_images") {
  Generator generator{.seed = 2};
  for (const ResNetStem stem : {ResNetStem::cifar, ResNetStem::imagenet}) {
    const ModulePtr model = resnet18({.classes = 3, .generator = &generator}, stem);
    const std::int64_t side = stem == ResNetStem::cifar ? 8 : 32;
    const Tensor x = uniform({2, 3, side, side}, -1, 1, generator);
    const Tensor y = (*model)(x);
    CHECK(y.shape() == Shape{2, 3});
    sum(y * y).backward();
    for (const NamedTensor& entry : model->named_parameters()) {
      CHECK_MESSAGE(entry.tensor.grad().defined(), entry.name);
    }
  }
}

TEST_CASE("nn.models.small_cnn_learns") {
  Generator generator{.seed = 3};
  const auto model = small_cnn({.height = 8, .width = 8, .classes = 2, .generator = &generator}, 0);
  const Tensor x = uniform({8, 3, 8, 8}, -1, 1, generator);
  const std::vector<std::int64_t> values = {0, 1, 1, 0, 1, 0, 0, 1};
  const Tensor labels = Tensor::from(std::span<const std::int64_t>(values), {8});
  optim::Sgd optimizer(model->parameters(), {.lr = 0.05, .momentum = 0.9});
  double first = 0;
  double last = 0;
  for (int step = 0; step < 30; ++step) {
    optimizer.zero_grad();
    const Tensor loss = cross_entropy((*model)(x), labels);
    last = loss.item();
    if (step == 0) first = last;
    loss.backward();
    optimizer.step();
  }
  CHECK(first > 0.5);
  CHECK(last < 0.1);
}

}  // namespace
}  // namespace plastic::nn
