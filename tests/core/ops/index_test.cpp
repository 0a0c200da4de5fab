#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"

namespace plastic {
namespace {

Tensor indices(std::vector<std::int64_t> values, const Shape& shape) {
  return Tensor::from(std::span<const std::int64_t>(values), shape);
}

TEST_CASE("core.ops.index.values") {
  const Tensor x = Tensor::arange(6).reshape({2, 3});
  CHECK(gather(x, 1, indices({2, 0, 1, 1}, {2, 2})).to_vector<float>() ==
        std::vector<float>{2, 0, 4, 4});
  CHECK(index_select(x, 0, indices({1, 1}, {2})).to_vector<float>() ==
        std::vector<float>{3, 4, 5, 3, 4, 5});
  CHECK(scatter_add(x, 1, indices({0, 0, 2, 1}, {2, 2}), Tensor::of({10, 20, 30, 40}, {2, 2}))
            .to_vector<float>() == std::vector<float>{30, 1, 2, 3, 44, 35});
}

TEST_CASE("core.ops.index.errors") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(gather(x, 1, indices({0, 3}, {2, 1})),
                       "[gather] index 3 at position 1 is not in [0, 3)", Error);
  CHECK_THROWS_WITH_AS(gather(x, 1, indices({0, -1}, {2, 1})), doctest::Contains("index -1"),
                       Error);
  CHECK_THROWS_WITH_AS(gather(x, 1, indices({0, 0, 0}, {3, 1})),
                       doctest::Contains("index (3, 1) does not fit (2, 3)"), Error);
  CHECK_THROWS_WITH_AS(gather(x, 1, Tensor::zeros({2, 1})), doctest::Contains("must be i64"),
                       Error);
  CHECK_THROWS_WITH_AS(index_select(x, 0, indices({0}, {1, 1})), doctest::Contains("rank 1"),
                       Error);
  CHECK_THROWS_WITH_AS(scatter_add(x, 1, indices({0, 0}, {2, 1}), Tensor::zeros({2, 2})),
                       doctest::Contains("differ in shape"), Error);
}

TEST_CASE("core.ops.join.values_and_errors") {
  const Tensor a = Tensor::of({1, 2}, {1, 2});
  const Tensor b = Tensor::of({3, 4, 5, 6}, {2, 2});
  CHECK(concat(std::vector<Tensor>{a, b}).to_vector<float>() ==
        std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(stack(std::vector<Tensor>{b, b}, -1).shape() == Shape{2, 2, 2});
  const std::vector<Tensor> parts = split(Tensor::arange(5), 2);
  REQUIRE(parts.size() == 3);
  CHECK(parts[2].to_vector<float>() == std::vector<float>{4});
  CHECK_THROWS_WITH_AS(concat({}), "[concat] needs at least one tensor", Error);
  CHECK_THROWS_WITH_AS(concat(std::vector<Tensor>{a, b}, 1),
                       "[concat] (2, 2) does not fit (1, 2) along axis 1", Error);
  CHECK_THROWS_WITH_AS(stack(std::vector<Tensor>{a, b}), doctest::Contains("(1, 2) and (2, 2)"),
                       Error);
  CHECK_THROWS_WITH_AS(split(b, 0), doctest::Contains("size must be at least 1"), Error);
}

TEST_CASE("core.ops.compare.values") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor x = Tensor::of({1, 2, nan}, {3});
  const Tensor two = Tensor::full({}, 2);
  CHECK(less(x, two).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{1, 0, 0});
  CHECK(less_equal(x, two).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{1, 1, 0});
  CHECK(greater(x, two).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{0, 0, 0});
  CHECK(greater_equal(x, two).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{0, 1, 0});
  CHECK(equal(x, x).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{1, 1, 0});
  CHECK(not_equal(x, x).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{0, 0, 1});
  const Tensor mask = equal(x, x);
  CHECK(masked_fill(x, less(mask, Tensor::ones({}, {.dtype = DType::u8})), 7).to_vector<float>() ==
        std::vector<float>{1, 2, 7});
  CHECK_THROWS_WITH_AS(where(x, x, x), doctest::Contains("the condition must be u8"), Error);
  CHECK_THROWS_WITH_AS(masked_fill(two, mask, 0), doctest::Contains("does not broadcast to ()"),
                       Error);
}

}  // namespace
}  // namespace plastic
