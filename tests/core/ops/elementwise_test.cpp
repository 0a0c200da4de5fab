#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"

namespace plastic {
namespace {

using Catch = doctest::Contains;

TEST_CASE("core.ops.elementwise.values") {
  const Tensor a = Tensor::of({1, 2, 3, 4}, {2, 2});
  const Tensor row = Tensor::of({10, 20}, {2});
  CHECK((a + row).to_vector<float>() == std::vector<float>{11, 22, 13, 24});
  CHECK((a - row).to_vector<float>() == std::vector<float>{-9, -18, -7, -16});
  CHECK((a * row).to_vector<float>() == std::vector<float>{10, 40, 30, 80});
  CHECK((row / a).to_vector<float>() == std::vector<float>{10, 10, 10.0F / 3, 5});
  CHECK((2.0 * a + 1.0).to_vector<float>() == std::vector<float>{3, 5, 7, 9});
  CHECK((a - 1.0).to_vector<float>() == std::vector<float>{0, 1, 2, 3});
  CHECK((-a).to_vector<float>() == std::vector<float>{-1, -2, -3, -4});
}

TEST_CASE("core.ops.elementwise.division_rounds_once") {
  // 1 · (1/3) and 1/3 differ for 5: 5/3 is not 5·fl(1/3).
  const Tensor x = Tensor::of({1, 5, 7, 11}, {4});
  CHECK((x / 3.0).to_vector<float>() ==
        std::vector<float>{1.0F / 3, 5.0F / 3, 7.0F / 3, 11.0F / 3});
}

TEST_CASE("core.ops.elementwise.integers") {
  const std::vector<std::int64_t> values = {7, -7};
  const Tensor x = Tensor::from(std::span<const std::int64_t>(values), {2});
  const Tensor two = Tensor::full({}, 2, {.dtype = DType::i64});
  CHECK((x / two).to_vector<std::int64_t>() == std::vector<std::int64_t>{3, -3});
  CHECK((x + x).to_vector<std::int64_t>() == std::vector<std::int64_t>{14, -14});
  CHECK_THROWS_WITH_AS(relu(x), Catch("[relu] needs f32 or f64, got i64"), Error);
}

TEST_CASE("core.ops.elementwise.relu_at_the_kink") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Tensor x = Tensor::of({0, -1, 2, nan}, {4}).set_requires_grad();
  const Tensor y = relu(x);
  sum(y).backward();
  const std::vector<float> values = y.to_vector<float>();
  CHECK(values[0] == 0);
  CHECK(values[1] == 0);
  CHECK(values[2] == 2);
  CHECK(std::isnan(values[3]));
  CHECK(x.grad().to_vector<float>() == std::vector<float>{0, 0, 1, 1});
}

TEST_CASE("core.ops.elementwise.errors") {
  const Tensor a = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(add(a, Tensor::zeros({2, 4})),
                       Catch("[add] shapes do not broadcast: (2, 3) and (2, 4)"), Error);
  CHECK_THROWS_WITH_AS(mul(a, Tensor::zeros({3}, {.dtype = DType::f64})),
                       Catch("[mul] dtypes differ: f32 and f64"), Error);
  CHECK_THROWS_WITH_AS(add(a, Tensor()), Catch("[add] the tensor is undefined"), Error);
}

}  // namespace
}  // namespace plastic
