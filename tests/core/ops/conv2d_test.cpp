#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "core/tensor/layout.h"
#include "plastic/core/conv_algorithm.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace plastic {
namespace {

/// The definition, one output at a time, over row-major tensors.
std::vector<double> by_definition(const Tensor& x, const Tensor& weight, const Tensor& y,
                                  const Conv2dOptions& options) {
  const std::vector<float> in = x.to_vector<float>();
  const std::vector<float> filter = weight.to_vector<float>();
  std::vector<double> result;
  const std::int64_t per_group = weight.size(1);
  for (std::int64_t n = 0; n < y.size(0); ++n) {
    for (std::int64_t o = 0; o < y.size(1); ++o) {
      for (std::int64_t row = 0; row < y.size(2); ++row) {
        for (std::int64_t column = 0; column < y.size(3); ++column) {
          double sum = 0;
          for (std::int64_t c = 0; c < per_group; ++c) {
            const std::int64_t channel = o / (y.size(1) / options.groups) * per_group + c;
            for (std::int64_t i = 0; i < weight.size(2); ++i) {
              for (std::int64_t j = 0; j < weight.size(3); ++j) {
                const std::int64_t h =
                    row * options.stride[0] - options.padding[0] + i * options.dilation[0];
                const std::int64_t w =
                    column * options.stride[1] - options.padding[1] + j * options.dilation[1];
                if (h < 0 || w < 0 || h >= x.size(2) || w >= x.size(3)) continue;
                const auto at = ((n * x.size(1) + channel) * x.size(2) + h) * x.size(3) + w;
                const auto tap = ((o * per_group + c) * weight.size(2) + i) * weight.size(3) + j;
                sum += static_cast<double>(in[static_cast<std::size_t>(at)]) *
                       static_cast<double>(filter[static_cast<std::size_t>(tap)]);
              }
            }
          }
          result.push_back(sum);
        }
      }
    }
  }
  return result;
}

TEST_CASE("core.ops.conv2d.against_the_definition") {
  struct Case {
    Shape x, weight;
    Conv2dOptions options;
  };
  const Case cases[] = {
      {{2, 3, 9, 8}, {16, 3, 3, 3}, {.padding = {1, 1}}},
      {{2, 8, 7, 7}, {12, 8, 3, 3}, {.stride = {2, 2}, .padding = {1, 1}}},
      {{1, 6, 9, 9}, {4, 3, 3, 2}, {.padding = {2, 0}, .dilation = {2, 3}, .groups = 2}},
      {{2, 10, 6, 5}, {10, 1, 3, 3}, {.padding = {1, 1}, .groups = 10}},
      {{3, 5, 4, 4}, {7, 5, 1, 1}, {}},
      {{1, 3, 20, 20}, {4, 3, 7, 7}, {.stride = {2, 2}, .padding = {3, 3}}},
  };
  Generator generator{.seed = 8};
  for (const Case& c : cases) {
    CAPTURE(to_string(c.x));
    const Tensor x = uniform(c.x, -1, 1, generator);
    const Tensor weight = uniform(c.weight, -1, 1, generator);
    const Tensor y = conv2d(x, weight, {}, c.options);
    const std::vector<float> values = y.to_vector<float>();
    const std::vector<double> expected = by_definition(x, weight, y, c.options);
    REQUIRE(values.size() == expected.size());
    double worst = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      worst = std::max(worst, std::abs(static_cast<double>(values[i]) - expected[i]));
    }
    CHECK(worst <= 2e-5);
    // A sum of as many terms as there are channels must not have been empty.
    CHECK(worst < std::abs(expected[expected.size() / 2]));
  }
}

TEST_CASE("core.ops.conv2d.result_is_channels_last") {
  const Tensor x = Tensor::ones({2, 3, 4, 5});
  const Tensor y = conv2d(x, Tensor::ones({6, 3, 3, 3}), Tensor::zeros({6}), {.padding = {1, 1}});
  CHECK(y.shape() == Shape{2, 6, 4, 5});
  CHECK(is_channels_last(y));
  CHECK_FALSE(y.is_contiguous());
  CHECK(conv2d(Tensor::ones({0, 3, 4, 5}), Tensor::ones({6, 3, 3, 3})).shape() ==
        Shape{0, 6, 2, 3});
}

TEST_CASE("core.ops.conv2d.gradients_of_an_empty_batch_are_zeros") {
  const Tensor weight = Tensor::ones({2, 3, 3, 3}).set_requires_grad();
  const Tensor bias = Tensor::ones({2}).set_requires_grad();
  const Tensor y = conv2d(Tensor::ones({0, 3, 4, 4}), weight, bias);
  y.backward(Tensor::ones(y.shape()));
  CHECK(sum(abs(weight.grad())).item() == 0);
  CHECK(bias.grad().to_vector<float>() == std::vector<float>{0, 0});
}

TEST_CASE("core.ops.conv2d.relu_equals_relu_after") {
  Generator generator{.seed = 4};
  const Tensor x = uniform({2, 3, 6, 6}, -1, 1, generator);
  const Tensor weight = uniform({8, 3, 3, 3}, -1, 1, generator).set_requires_grad();
  const Tensor fused = conv2d(x, weight, {}, {.activation = Activation::relu});
  fused.backward(Tensor::ones(fused.shape()));
  const std::vector<float> gradient = weight.grad().to_vector<float>();
  Tensor again = weight.detach().clone().set_requires_grad();
  const Tensor apart = relu(conv2d(x, again));
  apart.backward(Tensor::ones(apart.shape()));
  CHECK(fused.to_vector<float>() == apart.to_vector<float>());
  CHECK(gradient == again.grad().to_vector<float>());
}

TEST_CASE("core.ops.conv2d.errors") {
  const Tensor x = Tensor::zeros({2, 3, 8, 8});
  CHECK_THROWS_WITH_AS(
      conv2d(x, Tensor::zeros({4, 2, 3, 3})),
      doctest::Contains("[conv2d] input (2, 3, 8, 8) does not fit weight (4, 2, 3, "
                        "3) with groups = 1"),
      Error);
  CHECK_THROWS_WITH_AS(conv2d(x, Tensor::zeros({4, 1, 3, 3}), {}, {.groups = 3}),
                       doctest::Contains("groups = 3"), Error);
  CHECK_THROWS_WITH_AS(conv2d(Tensor::zeros({3, 8, 8}), Tensor::zeros({4, 3, 3, 3})),
                       doctest::Contains("needs x (N, C, H, W)"), Error);
  CHECK_THROWS_WITH_AS(conv2d(x, Tensor::zeros({4, 3, 3, 3}), Tensor::zeros({3})),
                       doctest::Contains("bias (3,) does not fit weight (4, 3, 3, 3)"), Error);
  CHECK_THROWS_WITH_AS(conv2d(x, Tensor::zeros({4, 3, 9, 3})),
                       doctest::Contains("reaches over the input (2, 3, 8, 8) with padding 0"),
                       Error);
  CHECK_THROWS_WITH_AS(conv2d(x, Tensor::zeros({4, 3, 3, 3}), {}, {.stride = {0, 1}}),
                       doctest::Contains("stride >= 1"), Error);
  CHECK_THROWS_AS(conv2d(x.to(DType::f64), Tensor::zeros({4, 3, 3, 3})), Error);
  CHECK_THROWS_AS(conv2d(x, Tensor::zeros({0, 3, 3, 3})), Error);
  CHECK_THROWS_AS(conv2d(Tensor::zeros({2, 3, 0, 8}), Tensor::zeros({4, 3, 1, 1})), Error);
}

TEST_CASE("core.ops.conv2d.saved_input_must_not_change") {
  const Tensor weight = Tensor::ones({2, 3, 3, 3}).set_requires_grad();
  const Tensor x = Tensor::ones({1, 3, 4, 4});
  Tensor h = relu(conv2d(x, Tensor::ones({3, 3, 3, 3}), {}, {.padding = {1, 1}}));
  const Tensor y = sum(conv2d(h, weight));
  h.fill_(0);
  CHECK_THROWS_WITH_AS(y.backward(), doctest::Contains("written to in place"), Error);
}

TEST_CASE("core.conv_algorithm.forced_and_unable_is_an_error") {
  const Tensor x = Tensor::ones({1, 4, 8, 8});
  const Tensor grouped = Tensor::ones({4, 1, 3, 3});
  CHECK(conv_algorithm() == ConvAlgorithm::automatic);
  set_conv_algorithm(ConvAlgorithm::winograd4);
  CHECK_THROWS_WITH_AS(conv2d(x, grouped, {}, {.stride = {2, 2}, .groups = 4}),
                       doctest::Contains("winograd4"), Error);
  set_conv_algorithm(ConvAlgorithm::direct);
  CHECK_NOTHROW(conv2d(x, grouped, {}, {.stride = {2, 2}, .groups = 4}));
  set_conv_algorithm(ConvAlgorithm::automatic);
}

}  // namespace
}  // namespace plastic
