#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/nn/dropout.h"
#include "plastic/nn/linear.h"
#include "plastic/nn/loss.h"
#include "plastic/nn/models.h"

namespace plastic::nn {
namespace {

TEST_CASE("nn.linear.initialisation") {
  Generator generator{.seed = 4};
  const Linear layer(400, 300, {.generator = &generator});
  const std::vector<float> weight = layer.weight.to_vector<float>();
  const auto [low, high] = std::minmax_element(weight.begin(), weight.end());
  CHECK(*low >= -0.05F);
  CHECK(*high < 0.05F);
  CHECK(*low < -0.0499F);
  CHECK(*high > 0.0499F);
  CHECK(std::abs(mean(layer.weight).item()) < 1e-3);
  const std::vector<float> bias = layer.bias.to_vector<float>();
  CHECK(*std::max_element(bias.begin(), bias.end()) > 0.04F);
  CHECK_THROWS_WITH_AS(Linear(0, 3), doctest::Contains("got 0 and 3"), Error);
}

TEST_CASE("nn.linear.forward") {
  Linear layer(2, 1);
  layer.load_state_dict({{"weight", Tensor::of({2, 3}, {1, 2})}, {"bias", Tensor::of({1}, {1})}});
  CHECK(layer(Tensor::of({10, 100}, {1, 2})).item() == 321);
}

TEST_CASE("nn.dropout.modes") {
  Generator generator{.seed = 1};
  Dropout layer(0.5, &generator);
  const Tensor x = Tensor::ones({1000});
  CHECK(sum(layer(x)).item() != 1000);
  layer.eval();
  CHECK(sum(layer(x)).item() == 1000);
  CHECK_THROWS_WITH_AS(Dropout(-0.1), doctest::Contains("got -0.1"), Error);
}

TEST_CASE("nn.mlp.shape_and_names") {
  const auto model = mlp();
  CHECK(model->parameter_count() == 269322);
  CHECK(model->named_parameters()[2].name == "4.weight");
  CHECK((*model)(Tensor::zeros({5, 1, 28, 28})).shape() == Shape{5, 10});
  const auto linear = mlp({.inputs = 8, .hidden = {}, .classes = 3});
  CHECK(linear->parameter_count() == 27);
  CHECK_THROWS_WITH_AS(mlp({.hidden = {5, 0}}), doctest::Contains("got 0"), Error);
}

TEST_CASE("nn.mlp.learns") {
  // Gradient descent on a fixed batch drives the loss to nothing.
  Generator generator{.seed = 3};
  const auto model =
      mlp({.inputs = 10, .hidden = {32}, .classes = 4, .dropout = 0, .generator = &generator});
  const Tensor x = uniform({16, 10}, -1, 1, generator);
  Tensor targets = Tensor::zeros({16}, {.dtype = DType::i64});
  for (std::int64_t i = 0; i < 16; ++i) targets.mutable_data<std::int64_t>()[i] = i % 4;
  const CrossEntropyLoss criterion;
  double loss = 0;
  for (int step = 0; step < 300; ++step) {
    const Tensor value = criterion((*model)(x), targets);
    value.backward();
    loss = value.item();
    for (Tensor parameter : model->parameters()) {
      parameter.detach().copy_(parameter.detach() - parameter.grad() * 0.5);
      parameter.zero_grad();
    }
  }
  CHECK(loss < 0.05);
}

}  // namespace
}  // namespace plastic::nn
