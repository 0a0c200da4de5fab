#include <doctest/doctest.h>

#include <cmath>

#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/nn/activation.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/conv.h"
#include "plastic/nn/flatten.h"
#include "plastic/nn/pool.h"
#include "plastic/nn/sequential.h"

namespace plastic::nn {
namespace {

double largest(const Tensor& x) { return max(abs(x)).item(); }

TEST_CASE("nn.conv2d.shapes_and_initial_values") {
  Generator generator{.seed = 4};
  Conv2d layer(8, 12, {3, 5}, {.padding = {1, 2}, .groups = 2, .generator = &generator});
  CHECK(layer.weight.shape() == Shape{12, 4, 3, 5});
  CHECK(layer.bias.shape() == Shape{12});
  // Uniform in ±1/√(4·3·5), so that its largest is close to the bound.
  const double bound = 1 / std::sqrt(60.0);
  CHECK(largest(layer.weight) <= bound);
  CHECK(largest(layer.weight) > 0.95 * bound);
  CHECK(largest(layer.bias) <= bound);
  CHECK(var(layer.weight).item() == doctest::Approx(bound * bound / 3).epsilon(0.1));
  CHECK(layer(Tensor::ones({2, 8, 6, 7})).shape() == Shape{2, 12, 6, 7});
  CHECK(layer.parameter_count() == 12 * 60 + 12);
  CHECK(Conv2d(3, 4, 3, {.bias = false}).parameter_count() == 108);
}

TEST_CASE("nn.conv2d.errors") {
  CHECK_THROWS_WITH_AS(Conv2d(0, 4, 3), doctest::Contains("[Conv2d] needs channels"), Error);
  CHECK_THROWS_WITH_AS(Conv2d(4, 6, 3, {.groups = 4}),
                       "[Conv2d] channels 4 and 6 are not multiples of groups 4", Error);
  Conv2d layer(3, 4, 3);
  CHECK_THROWS_WITH_AS(layer(Tensor::ones({2, 4, 8, 8})),
                       doctest::Contains("input (2, 4, 8, 8) does not fit weight (4, 3, 3, 3)"),
                       Error);
}

TEST_CASE("nn.batch_norm.modes_and_buffers") {
  BatchNorm2d layer(2);
  const StateDict state = layer.state_dict();
  REQUIRE(state.size() == 5);
  CHECK(state[0].name == "weight");
  CHECK(state[1].name == "bias");
  CHECK(state[2].name == "running_mean");
  CHECK(state[3].name == "running_var");
  CHECK(state[4].name == "num_batches_tracked");
  CHECK(state[4].tensor.dtype() == DType::i64);
  CHECK(layer.parameter_count() == 4);

  Generator generator{.seed = 4};
  const Tensor x = uniform({4, 2, 3, 3}, 1, 3, generator);
  const Tensor y = layer(x);
  CHECK(std::abs(mean(y).item()) < 1e-6);
  CHECK(var(y, {}, false, 0).item() == doctest::Approx(1).epsilon(1e-3));
  layer(x);
  CHECK(layer.num_batches_tracked.item() == 2);
  CHECK(mean(layer.running_mean).item() == doctest::Approx(0.19 * mean(x).item()).epsilon(1e-5));
  layer.eval();
  const Tensor z = layer(x);
  CHECK(layer.num_batches_tracked.item() == 2);
  CHECK(z.to_vector<float>() != y.to_vector<float>());

  BatchNorm2d other(2);
  other.load_state_dict(layer.state_dict());
  other.eval();
  CHECK(other(x).to_vector<float>() == z.to_vector<float>());
  CHECK(other.num_batches_tracked.item() == 2);
}

TEST_CASE("nn.batch_norm.options") {
  BatchNorm1d bare(3, {.affine = false, .track_running_stats = false});
  CHECK(bare.state_dict().empty());
  const Tensor x = Tensor::of({1, 2, 3, 3, 4, 8}, {2, 3});
  const std::vector<float> trained = bare(x).to_vector<float>();
  bare.eval();
  // Without running statistics, evaluation takes the batch's.
  CHECK(bare(x).to_vector<float>() == trained);
  CHECK_THROWS_WITH_AS(BatchNorm2d(0), doctest::Contains("got 0"), Error);
  CHECK_THROWS_WITH_AS(BatchNorm2d(3, {.eps = -1}), doctest::Contains("eps is -1"), Error);
  CHECK_THROWS_WITH_AS(BatchNorm2d(3, {.momentum = 1.5}), doctest::Contains("momentum is 1.5"),
                       Error);
}

TEST_CASE("nn.sequential.relu_is_fused_and_changes_nothing") {
  Generator generator{.seed = 6};
  const auto conv = std::make_shared<Conv2d>(3, 5, 3, Conv2dOptions{.generator = &generator});
  const auto norm = std::make_shared<BatchNorm2d>(5);
  const auto activation = std::make_shared<ReLU>();
  Sequential model{conv, activation, norm, activation, activation, std::make_shared<MaxPool2d>()};
  const Tensor x = uniform({2, 3, 8, 8}, -1, 1, generator);
  const Tensor y = model(x);
  BatchNorm2d again(5);
  CHECK(y.to_vector<float>() == max_pool2d(relu(again(relu((*conv)(x))))).to_vector<float>());
}

TEST_CASE("nn.flatten.images_come_in_the_order_of_their_shape") {
  Conv2d layer(1, 2, 1, {.bias = false});
  layer.load_state_dict({{"weight", Tensor::of({1, 10}, {2, 1, 1, 1})}});
  const Tensor y = Flatten()(layer(Tensor::of({1, 2, 3, 4}, {1, 1, 2, 2})));
  CHECK(y.to_vector<float>() == std::vector<float>{1, 2, 3, 4, 10, 20, 30, 40});
}

TEST_CASE("nn.pool.modules") {
  const Tensor x = Tensor::arange(16).reshape({1, 1, 4, 4}) * 1.0;
  CHECK(MaxPool2d()(x).to_vector<float>() == std::vector<float>{5, 7, 13, 15});
  CHECK(AvgPool2d({.kernel = {4, 2}})(x).to_vector<float>() == std::vector<float>{6.5, 8.5});
  CHECK(AdaptiveAvgPool2d()(x).item() == 7.5);
}

}  // namespace
}  // namespace plastic::nn
