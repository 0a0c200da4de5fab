#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"

namespace plastic {
namespace {

using Floats = std::vector<float>;

TEST_CASE("core.ops.pad.modes") {
  const Tensor x = Tensor::arange(4);
  CHECK(pad(x, {3, 2}, PadMode::reflect).to_vector<float>() == Floats{3, 2, 1, 0, 1, 2, 3, 2, 1});
  CHECK(pad(x, {2, 1}, PadMode::replicate).to_vector<float>() == Floats{0, 0, 0, 1, 2, 3, 3});
  // What stands around is taken before anything is cut off.
  CHECK(pad(x, {-3, 3}, PadMode::reflect).to_vector<float>() == Floats{3, 2, 1, 0});
  pad(x, {0, 0}, PadMode::reflect).fill_(9);
  CHECK(x.to_vector<float>() == Floats{0, 1, 2, 3});
  CHECK_THROWS_WITH_AS(pad(x, {4, 0}, PadMode::reflect),
                       "[pad] reflect cannot add 4 and 0 to axis 0 of (4,), which is too short",
                       Error);
  CHECK_THROWS_WITH_AS(pad(Tensor::zeros({2, 0}), {1, 0}, PadMode::replicate),
                       doctest::Contains("replicate cannot add 1 and 0 to axis 1"), Error);
  CHECK_THROWS_WITH_AS(pad(x, {1}, PadMode::reflect), doctest::Contains("must be pairs"), Error);
}

TEST_CASE("core.ops.interpolate.values_and_errors") {
  const Tensor x = Tensor::of({0, 1, 2, 3}, {1, 1, 2, 2});
  CHECK(interpolate(x, {2, 4}).to_vector<float>() == Floats{0, 0, 1, 1, 2, 2, 3, 3});
  CHECK(interpolate(x, {2, 4}, InterpolateMode::bilinear).to_vector<float>() ==
        Floats{0, 0.25F, 0.75F, 1, 2, 2.25F, 2.75F, 3});
  CHECK(interpolate(x, {1, 1}, InterpolateMode::bilinear).to_vector<float>() == Floats{1.5F});
  CHECK_THROWS_WITH_AS(interpolate(x, {0, 1}), doctest::Contains("[interpolate] the result needs"),
                       Error);
  CHECK_THROWS_WITH_AS(interpolate(Tensor::zeros({2, 2}), {1, 1}),
                       doctest::Contains("[interpolate] needs (N, C, H, W)"), Error);
}

TEST_CASE("core.ops.max_pool2d.dilated_values_and_errors") {
  const Tensor x = Tensor::arange(9).reshape({1, 1, 3, 3});
  const float inf = std::numeric_limits<float>::infinity();
  CHECK(max_pool2d(x, {.dilation = {2, 2}}).to_vector<float>() == Floats{8});
  // Padding is never chosen, not even beside -inf, whose gradient goes to the image.
  Tensor low = Tensor::full({1, 1, 3, 3}, -inf).set_requires_grad();
  sum(max_pool2d(low, {.stride = {{1, 1}}, .padding = {1, 1}, .dilation = {2, 2}})).backward();
  CHECK(sum(low.grad()).item() == 9);
  // The last of several NaN has the gradient, as in PyTorch.
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Tensor row = Tensor::of({nan, 0, nan, 0}, {1, 1, 1, 4}).set_requires_grad();
  sum(max_pool2d(row, {.kernel = {1, 3}, .dilation = {1, 2}, .ceil_mode = true})).backward();
  CHECK(row.grad().to_vector<float>() == Floats{0, 0, 1, 0});
  CHECK_THROWS_WITH_AS(max_pool2d(x, {.dilation = {0, 1}}),
                       doctest::Contains("dilation >= 1, got 2 and 0"), Error);
  CHECK_THROWS_WITH_AS(max_pool2d(x.slice(2, 0, 1), {.padding = {2, 0}, .dilation = {3, 1}}),
                       doctest::Contains("has no element of an axis of size 1"), Error);
}

TEST_CASE("core.ops.reductions_of_nothing") {
  const Tensor nothing = Tensor::zeros({2, 0});
  CHECK(sum(nothing).item() == 0);
  CHECK(sum(nothing, {1}).to_vector<float>() == Floats{0, 0});
  CHECK(prod(nothing).item() == 1);
  CHECK(prod(nothing, {1}).to_vector<float>() == Floats{1, 1});
  CHECK(norm(nothing).item() == 0);
  CHECK(std::isnan(mean(nothing).item()));
  CHECK(std::isnan(var(nothing).item()));
  CHECK(cumsum(nothing, 1).shape() == Shape{2, 0});
  CHECK_THROWS_WITH_AS(max(nothing), "[max] nothing to choose from in (2, 0)", Error);
  CHECK_THROWS_WITH_AS(min(nothing, {1}), "[min] nothing to choose from in (2, 0)", Error);
  CHECK_THROWS_WITH_AS(argmax(nothing, 1), "[argmax] axis 1 of (2, 0) is empty", Error);
}

}  // namespace
}  // namespace plastic
