#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace plastic {
namespace {

TEST_CASE("core.ops.reduce.values") {
  const Tensor x = Tensor::arange(24).reshape({2, 3, 4});
  CHECK(sum(x).item() == 276);
  CHECK(sum(x, {0}).to_vector<float>() ==
        std::vector<float>{12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34});
  CHECK(sum(x, {1}, true).shape() == Shape{2, 1, 4});
  CHECK(sum(x, {1}).to_vector<float>() == std::vector<float>{12, 15, 18, 21, 48, 51, 54, 57});
  CHECK(mean(x, {0, 2}).to_vector<float>() == std::vector<float>{7.5, 11.5, 15.5});
  CHECK(sum(Tensor::arange(5, {.dtype = DType::i64})).item() == 10);
  CHECK(sum(Tensor::zeros({0, 3}), {0}).to_vector<float>() == std::vector<float>{0, 0, 0});
  CHECK(std::isnan(mean(Tensor::zeros({0})).item()));
}

TEST_CASE("core.ops.reduce.long_sums_keep_their_digits") {
  // 0.1 is inexact: adding a million of them one after the other in f32 loses three digits.
  const Tensor x = Tensor::full({1000000}, 0.1);
  const double expected = 1e6 * static_cast<double>(0.1F);
  CHECK(std::abs(sum(x).item() - expected) <= 1e-7 * expected);
  const Tensor columns = Tensor::full({100000, 3}, 0.1);
  CHECK(std::abs(sum(columns, {0}).to_vector<float>()[1] - expected / 10) <= 1e-7 * expected);
}

TEST_CASE("core.ops.reduce.argmax") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor x = Tensor::of({1, 5, 5, 9, nan, 3}, {2, 3});
  CHECK(argmax(x, 1).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 1});
  CHECK(argmax(x, 0).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 1, 0});
  CHECK_THROWS_WITH_AS(argmax(Tensor::zeros({2, 0}), 1), doctest::Contains("is empty"), Error);
}

TEST_CASE("core.ops.reduce.errors") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(sum(x, {2}), "[sum] axis 2 is out of range for a tensor of rank 2", Error);
  CHECK_THROWS_WITH_AS(sum(x, {0, -2}), doctest::Contains("axis -2 is given twice"), Error);
  CHECK_THROWS_WITH_AS(mean(Tensor::arange(3, {.dtype = DType::i64})),
                       doctest::Contains("[mean] needs f32 or f64, got i64"), Error);
}

}  // namespace
}  // namespace plastic
