#include <doctest/doctest.h>

#include <cmath>

#include "core/tensor/layout.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"

namespace plastic {
namespace {

/// 1 to 25.
Tensor counting() { return (Tensor::arange(25) + 1.0).reshape({1, 1, 5, 5}); }

void check_close(const Tensor& actual, const std::vector<float>& expected) {
  const std::vector<float> values = actual.to_vector<float>();
  REQUIRE(values.size() == expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    CHECK(values[i] == doctest::Approx(expected[i]).epsilon(1e-6));
  }
}

// Where numbers are given, they are PyTorch 1.13's.
TEST_CASE("core.ops.avg_pool2d.torch") {
  AvgPool2dOptions options{.kernel = {3, 3}, .stride = {{2, 2}}, .padding = {1, 1}};
  const std::vector<float> padded = {1.777778F, 3.666667F, 3.111111F, 7.666667F, 13,
                                     9.666667F, 8.444445F, 13.66667F, 9.777778F};
  check_close(avg_pool2d(counting(), options), padded);
  options.ceil_mode = true;
  check_close(avg_pool2d(counting(), options), padded);
  options.count_include_pad = false;
  check_close(avg_pool2d(counting(), options), {4, 5.5, 7, 11.5, 13, 14.5, 19, 20.5, 22});
  check_close(
      avg_pool2d(counting(),
                 {.kernel = {2, 3}, .stride = {{2, 2}}, .padding = {1, 1}, .ceil_mode = true}),
      {0.5, 1.5, 1.5, 6, 10.5, 8, 12.66667F, 20.5, 14.66667F});
}

TEST_CASE("core.ops.adaptive_avg_pool2d.torch") {
  check_close(adaptive_avg_pool2d(counting(), {2, 3}), {6.5, 8, 9.5, 16.5, 18, 19.5});
  check_close(adaptive_avg_pool2d(counting(), {1, 1}), {13});
}

TEST_CASE("core.ops.max_pool2d.torch") {
  const Tensor x = Tensor::of(
      {7, 3, 10, 6, 2, 9, 5, 1, 8, 4, 0, 7, 3, 10, 6, 2, 9, 5, 1, 8, 4, 0, 7, 3, 10}, {1, 1, 5, 5});
  check_close(max_pool2d(x, {.kernel = {3, 3}, .stride = {{2, 2}}, .padding = {1, 1}}),
              {9, 10, 8, 9, 10, 10, 9, 9, 10});
  check_close(max_pool2d(x, {.ceil_mode = true}), {9, 10, 4, 9, 10, 8, 4, 7, 10});
  CHECK(max_pool2d(x).shape() == Shape{1, 1, 2, 2});
}

TEST_CASE("core.ops.max_pool2d.first_of_equals_and_padding") {
  Tensor x = Tensor::full({1, 1, 2, 2}, -3).set_requires_grad();
  const Tensor y = max_pool2d(x);
  y.backward(Tensor::full({1, 1, 1, 1}, 5));
  CHECK(y.item() == -3);
  CHECK(x.grad().to_vector<float>() == std::vector<float>{5, 0, 0, 0});
  // Padding is never chosen, not even over negative numbers.
  CHECK(max_pool2d(x, {.padding = {1, 1}}).to_vector<float>() ==
        std::vector<float>{-3, -3, -3, -3});
}

TEST_CASE("core.ops.max_pool2d.nan_wins") {
  const Tensor x = Tensor::of({1, NAN, 9, 2, 1, 2, 3, 4}, {1, 2, 2, 2});
  const std::vector<float> y = max_pool2d(x).to_vector<float>();
  CHECK(std::isnan(y[0]));
  CHECK(y[1] == 4);
}

TEST_CASE("core.ops.pool.many_channels") {
  // More channels than are handled at a time.
  const Tensor x = (Tensor::arange(2 * 150 * 4 * 4) * 1.0).reshape({2, 150, 4, 4});
  const Tensor y = max_pool2d(x);
  CHECK(y.to_vector<float>() ==
        x.slice(2, 1, 4, 2).slice(3, 1, 4, 2).contiguous().to_vector<float>());
  CHECK(is_channels_last(y));
  CHECK(avg_pool2d(x).to_vector<float>() == (y - 2.5).to_vector<float>());
}

TEST_CASE("core.ops.pool.errors") {
  const Tensor x = Tensor::ones({2, 3, 4, 4});
  CHECK_THROWS_WITH_AS(
      max_pool2d(x, {.kernel = {5, 2}}),
      doctest::Contains("[max_pool2d] a window of 5 does not fit input (2, 3, 4, 4)"), Error);
  CHECK_THROWS_WITH_AS(avg_pool2d(x, {.kernel = {2, 2}, .padding = {2, 0}}),
                       doctest::Contains("at most half the kernel"), Error);
  CHECK_THROWS_WITH_AS(max_pool2d(Tensor::ones({3, 4, 4})), doctest::Contains("got (3, 4, 4)"),
                       Error);
  CHECK_THROWS_AS(max_pool2d(x.to(DType::i64)), Error);
  CHECK_THROWS_AS(avg_pool2d(x, {.stride = {{0, 1}}}), Error);
  CHECK_THROWS_WITH_AS(adaptive_avg_pool2d(x, {0, 1}), doctest::Contains("got 0 and 1"), Error);
}

TEST_CASE("core.ops.pad.values") {
  const Tensor x = Tensor::of({1, 2, 3, 4}, {2, 2});
  CHECK(pad(x, {1, 0, 0, 1}, 9).to_vector<float>() ==
        std::vector<float>{9, 1, 2, 9, 3, 4, 9, 9, 9});
  CHECK(pad(x, {-1, 1}).to_vector<float>() == std::vector<float>{2, 0, 4, 0});
  CHECK(pad(x.to(DType::u8), {0, 1}, 7).to_vector<std::uint8_t>() ==
        std::vector<std::uint8_t>{1, 2, 7, 3, 4, 7});
  CHECK(is_channels_last(pad(channels_last(Tensor::ones({2, 3, 4, 4})), {1, 1, 1, 1})));
  CHECK_THROWS_WITH_AS(pad(x, {1}), doctest::Contains("must be pairs"), Error);
  CHECK_THROWS_WITH_AS(pad(x, {0, 0, 0, 0, 1, 1}), doctest::Contains("(2, 2)"), Error);
  CHECK_THROWS_WITH_AS(pad(x, {-2, -1}), doctest::Contains("cut off more than there is"), Error);
}

}  // namespace
}  // namespace plastic
