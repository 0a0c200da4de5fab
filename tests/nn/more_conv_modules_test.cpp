#include <doctest/doctest.h>

#include <cmath>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/nn/conv1d.h"
#include "plastic/nn/conv_transpose2d.h"

namespace plastic {
namespace {

TEST_CASE("nn.conv1d.parameters_are_pytorchs") {
  nn::Conv1d layer(4, 6, 3, {.groups = 2});
  CHECK(layer.weight.shape() == Shape{6, 2, 3});
  CHECK(layer.state_dict()[1].name == "bias");
  // fan_in is 2 · 3.
  const double bound = 1 / std::sqrt(6.0);
  CHECK(max(abs(layer.weight.detach())).item() <= bound);
  CHECK(max(abs(layer.weight.detach())).item() > 0.8 * bound);
  CHECK(layer(Tensor::zeros({2, 4, 9})).shape() == Shape{2, 6, 7});
  CHECK_THROWS_WITH_AS(nn::Conv1d(3, 4, 3, {.groups = 2}), doctest::Contains("no multiples"),
                       Error);
  CHECK_THROWS_WITH_AS(layer(Tensor::zeros({4, 9})),
                       "[conv1d] needs x (N, C, L) and weight (O, C / groups, k), got (4, 9) and "
                       "(6, 2, 3)",
                       Error);
}

TEST_CASE("nn.conv_transpose2d.parameters_are_pytorchs") {
  nn::ConvTranspose2d layer(
      4, 6, 3, {.stride = {2, 2}, .padding = {1, 1}, .output_padding = {1, 1}, .groups = 2});
  CHECK(layer.weight.shape() == Shape{4, 3, 3, 3});
  CHECK(layer.bias.shape() == Shape{6});
  const double bound = 1 / std::sqrt(27.0);
  CHECK(max(abs(layer.weight.detach())).item() <= bound);
  CHECK(max(abs(layer.weight.detach())).item() > 0.8 * bound);
  CHECK(layer(Tensor::zeros({2, 4, 5, 7})).shape() == Shape{2, 6, 10, 14});
  CHECK_THROWS_WITH_AS(nn::ConvTranspose2d(3, 4, 3, {.groups = 2}),
                       doctest::Contains("no multiples"), Error);
}

TEST_CASE("core.ops.conv_transpose2d.errors") {
  const Tensor x = Tensor::zeros({1, 2, 1, 1});
  const Tensor weight = Tensor::zeros({2, 3, 2, 2});
  CHECK_THROWS_WITH_AS(conv_transpose2d(x, weight, {}, {.output_padding = {1, 0}}),
                       doctest::Contains("output_padding is 1"), Error);
  CHECK_THROWS_WITH_AS(conv_transpose2d(x, weight, {}, {.padding = {1, 0}}),
                       doctest::Contains("padding 1 leaves nothing"), Error);
  CHECK_THROWS_WITH_AS(conv_transpose2d(x, weight.transpose(0, 1)),
                       doctest::Contains("does not fit weight (3, 2, 2, 2)"), Error);
  CHECK_THROWS_WITH_AS(conv_transpose2d(x, weight, Tensor::zeros({2})),
                       doctest::Contains("needs (3,)"), Error);
}

}  // namespace
}  // namespace plastic
