#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace plastic {
namespace {

using Floats = std::vector<float>;
using Integers = std::vector<std::int64_t>;

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

TEST_CASE("core.ops.sort.equal_elements_stay_in_order_and_nan_is_largest") {
  const Tensor x = Tensor::of({2, nan, -0.0F, 0, -inf, 2, inf, nan}, {8});
  CHECK(sort(x).indices.to_vector<std::int64_t>() == Integers{4, 2, 3, 0, 5, 6, 1, 7});
  CHECK(sort(x, 0, true).indices.to_vector<std::int64_t>() == Integers{1, 7, 6, 0, 5, 2, 3, 4});
  CHECK(topk(x, 4).indices.to_vector<std::int64_t>() == Integers{1, 7, 6, 0});
  CHECK(topk(x, 3, -1, false).values.to_vector<float>() == Floats{-inf, -0.0F, 0});
  const Tensor bytes = Tensor::from(std::vector<std::uint8_t>{3, 0, 255, 3});
  CHECK(sort(bytes).values.to_vector<std::uint8_t>() == std::vector<std::uint8_t>{0, 3, 3, 255});
  CHECK(sort(bytes).indices.to_vector<std::int64_t>() == Integers{1, 0, 3, 2});
}

TEST_CASE("core.ops.sort.lines_of_every_length") {
  Generator generator{.seed = 6};
  for (const std::int64_t size : {0, 1, 2, 7, 8, 9, 16, 17, 100, 1000}) {
    CAPTURE(size);
    // Few values, so that many are equal.
    const Tensor x = uniform({3, size, 2}, 0, 9, generator).to(DType::i64);
    const Sorted sorted = sort(x, 1);
    const Integers values = sorted.values.to_vector<std::int64_t>();
    const Integers places = sorted.indices.to_vector<std::int64_t>();
    CHECK(gather(x, 1, sorted.indices).to_vector<std::int64_t>() == values);
    bool is_sorted = true;
    for (std::size_t i = 0; i + 2 < values.size(); ++i) {
      if ((i / 2 + 1) % static_cast<std::size_t>(size) == 0) continue;
      is_sorted = is_sorted && (values[i] < values[i + 2] ||
                                (values[i] == values[i + 2] && places[i] < places[i + 2]));
    }
    CHECK(is_sorted);
    CHECK(topk(x, std::min<std::int64_t>(size, 5), 1, false).indices.to_vector<std::int64_t>() ==
          sorted.indices.slice(1, 0, 5).to_vector<std::int64_t>());
  }
}

TEST_CASE("core.ops.sort.errors") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(sort(x, 2), doctest::Contains("[sort]"), Error);
  CHECK_THROWS_WITH_AS(
      topk(x, 4), "[topk] k is 4; it must lie in [0, 3], the size of axis -1 of (2, 3)", Error);
  CHECK_THROWS_WITH_AS(topk(x, -1, 0), doctest::Contains("k is -1"), Error);
}

TEST_CASE("core.ops.flip.values_and_errors") {
  const Tensor x = Tensor::arange(6).reshape({2, 3});
  CHECK(flip(x, {1}).to_vector<float>() == Floats{2, 1, 0, 5, 4, 3});
  CHECK(flip(x, {0, -1}).to_vector<float>() == Floats{5, 4, 3, 2, 1, 0});
  // A copy, whatever the axes.
  flip(x, {}).fill_(9);
  flip(x, {0}).fill_(9);
  CHECK(x.to_vector<float>() == Floats{0, 1, 2, 3, 4, 5});
  CHECK_THROWS_WITH_AS(flip(x, {1, -1}), doctest::Contains("axis -1 is given twice"), Error);
  CHECK_THROWS_WITH_AS(flip(x, {2}), doctest::Contains("[flip] axis 2 is out of range"), Error);
}

TEST_CASE("core.ops.one_hot.values_and_errors") {
  const Tensor x = Tensor::from(Integers{2, 0}, {2, 1});
  CHECK(one_hot(x).shape() == Shape{2, 1, 3});
  CHECK(one_hot(x).to_vector<std::int64_t>() == Integers{0, 0, 1, 1, 0, 0});
  CHECK(one_hot(x, 4).to_vector<std::int64_t>() == Integers{0, 0, 1, 0, 1, 0, 0, 0});
  CHECK(one_hot(x.slice(0, 0, 0), 4).shape() == Shape{0, 1, 4});
  CHECK_THROWS_WITH_AS(one_hot(x, 2), "[one_hot] index 2 at position 0 is not in [0, 2)", Error);
  CHECK_THROWS_WITH_AS(one_hot(x - 3), doctest::Contains("index -1 at position 0"), Error);
  CHECK_THROWS_WITH_AS(one_hot(x, 0), doctest::Contains("classes is 0"), Error);
  CHECK_THROWS_WITH_AS(one_hot(x.slice(0, 0, 0)), doctest::Contains("no index says"), Error);
  CHECK_THROWS_WITH_AS(one_hot(x.to(DType::f32)), doctest::Contains("must be i64"), Error);
}

// In f32, 2^24 + 1 is 2^24.
TEST_CASE("core.ops.cumsum.adds_up_without_drift") {
  constexpr std::int64_t count = 100'001;
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(name_of(dtype));
    const double start = dtype == DType::f32 ? 16'777'216 : 9'007'199'254'740'992;
    Tensor x = Tensor::ones({count}, {.dtype = dtype});
    x.slice(0, 0, 1).fill_(start);
    const Tensor sums = cumsum(x, 0);
    CHECK(sums.slice(0, count - 1, count).clone().item() == start + count - 1);
    CHECK(sums.slice(0, 0, 1).clone().item() == start);
  }
  const Tensor bytes = Tensor::from(std::vector<std::uint8_t>{200, 100, 1});
  CHECK(cumsum(bytes, 0).to_vector<std::int64_t>() == Integers{200, 300, 301});
  CHECK(cumsum(Tensor::of({1, inf, 1, -inf}, {4}), 0).to_vector<float>()[2] == inf);
  CHECK(std::isnan(cumsum(Tensor::of({1, inf, 1, -inf}, {4}), 0).to_vector<float>()[3]));
}

TEST_CASE("core.ops.prod.gradients_where_elements_are_zero") {
  Tensor one = Tensor::of({2, 0, 3, -1, 5}, {5}).set_requires_grad();
  prod(one).backward();
  CHECK(one.grad().to_vector<float>() == Floats{0, -30, 0, 0, 0});
  Tensor two = Tensor::of({2, 0, 3, 0}, {4}).set_requires_grad();
  prod(two).backward();
  CHECK(two.grad().to_vector<float>() == Floats{0, 0, 0, 0});
  // f32 holds neither half.
  CHECK(prod(Tensor::of({1e30F, 1e30F, 1e-30F, 1e-30F}, {4})).item() == doctest::Approx(1));
  CHECK(prod(Tensor::from(std::vector<std::uint8_t>{200, 100})).item<std::int64_t>() == 20'000);
}

}  // namespace
}  // namespace plastic
