// Rounding, remainders, larger and smaller of two, powers of two tensors, comparisons and what is
// written with operators; values are PyTorch 2.15's.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <sstream>
#include <vector>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"

namespace plastic {
namespace {

using Values = std::vector<float>;
using Integers = std::vector<std::int64_t>;
using Mask = std::vector<std::uint8_t>;

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

Values values(const Tensor& x) { return x.to_vector<float>(); }
Integers integers(const Tensor& x) { return x.to_vector<std::int64_t>(); }
Mask mask(const Tensor& x) { return x.to_vector<std::uint8_t>(); }
Tensor whole(const Integers& numbers) { return Tensor::from(numbers); }

/// Whether the same numbers, NaN being the same as NaN and 0 not as -0.
bool same(const Tensor& x, const Values& expected) {
  const Values actual = values(x);
  if (actual.size() != expected.size()) return false;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (std::isnan(expected[i])
            ? !std::isnan(actual[i])
            : actual[i] != expected[i] || std::signbit(actual[i]) != std::signbit(expected[i])) {
      return false;
    }
  }
  return true;
}

TEST_CASE("core.ops.rounding") {
  const Tensor x = Tensor::from(Values{-2.5F, -1.5F, -0.5F, 0.5F, 1.5F, 2.6F, infinity, nan});
  CHECK(same(floor(x), {-3, -2, -1, 0, 1, 2, infinity, nan}));
  CHECK(same(ceil(x), {-2, -1, -0.0F, 1, 2, 3, infinity, nan}));
  CHECK(same(trunc(x), {-2, -1, -0.0F, 0, 1, 2, infinity, nan}));
  CHECK(same(round(x), {-2, -2, -0.0F, 0, 2, 3, infinity, nan}));
  for (const auto& function : {floor, ceil, trunc, round}) {
    CHECK(integers(function(whole({-3, 7}))) == Integers{-3, 7});
    const Tensor leaf = x.detach().clone().set_requires_grad();
    sum(function(leaf)).backward();
    CHECK(same(leaf.grad(), Values(8, 0)));
  }
}

TEST_CASE("core.ops.remainders") {
  const Tensor a = Tensor::from(Values{5, -5, 5, -5, -4, 1, infinity, 3});
  const Tensor b = Tensor::from(Values{3, 3, -3, -3, 2, 0, 2, infinity});
  CHECK(same(remainder(a, b), {2, 1, -1, -2, -0.0F, nan, nan, 3}));
  CHECK(same(fmod(a, b), {2, -2, 2, -2, -0.0F, nan, nan, 3}));
  const Tensor c = whole({5, -5, 5, -5, -4});
  const Tensor d = whole({3, 3, -3, -3, 2});
  CHECK(integers(remainder(c, d)) == Integers{2, 1, -1, -2, 0});
  CHECK(integers(fmod(c, d)) == Integers{2, -2, 2, -2, 0});
  CHECK(integers(remainder(c, 3)) == Integers{2, 1, 2, 1, 2});
  CHECK(values(remainder(Tensor::of({5.5F}, {1}), 2)) == Values{1.5F});
  CHECK(mask(fmod(Tensor::from(Mask{200, 7}), 6)) == Mask{2, 1});
  // The quotient of the lowest number and -1 does not exist, their remainder does.
  CHECK(integers(fmod(whole({std::numeric_limits<std::int64_t>::min()}), -1)) == Integers{0});
  CHECK_THROWS_WITH_AS(remainder(c, 0), doctest::Contains("[remainder] integers, i64"), Error);
  CHECK_THROWS_WITH_AS(fmod(c, whole({1, 2, 0, 4, 5})), doctest::Contains("divided by 0"), Error);
}

TEST_CASE("core.ops.larger_and_smaller_of_two") {
  const auto leaf = [](const Values& numbers) { return Tensor::from(numbers).set_requires_grad(); };
  const Tensor a = leaf({1, 2, 3, nan, 5});
  const Tensor b = leaf({2, 2, 1, 4, nan});
  const Tensor larger = maximum(a, b);
  CHECK(same(larger, {2, 2, 3, nan, nan}));
  sum(larger).backward();
  CHECK(same(a.grad(), {0, 0.5F, 1, 1, 1}));
  CHECK(same(b.grad(), {1, 0.5F, 0, 1, 1}));
  const Tensor c = leaf({1, 2, 3, nan, 5});
  const Tensor d = leaf({2, 2, 1, 4, nan});
  const Tensor smaller = minimum(c, d);
  CHECK(same(smaller, {1, 2, 1, nan, nan}));
  sum(smaller).backward();
  CHECK(same(c.grad(), {1, 0.5F, 0, 1, 1}));
  CHECK(same(d.grad(), {0, 0.5F, 1, 1, 1}));
  CHECK(integers(maximum(whole({-3, 4}), whole({2}))) == Integers{2, 4});
  CHECK(mask(minimum(Tensor::from(Mask{200, 3}), Tensor::from(Mask{100, 100}))) == Mask{100, 3});
}

TEST_CASE("core.ops.powers_of_two_tensors") {
  const auto leaf = [](const Values& numbers) { return Tensor::from(numbers).set_requires_grad(); };
  const Tensor a = leaf({2, 0, 0, -2, -2, 0});
  const Tensor b = leaf({3, 2, 0, 2, 0.5F, -1});
  const Tensor y = pow(a, b);
  CHECK(same(y, {8, 0, 1, 4, nan, infinity}));
  sum(y).backward();
  CHECK(same(a.grad(), {12, 0, 0, -4, nan, -infinity}));
  CHECK(b.grad().to_vector<float>()[0] == doctest::Approx(8 * std::log(2.0)));
  CHECK(b.grad().to_vector<float>()[1] == 0);
  CHECK(b.grad().to_vector<float>()[2] == 0);
  CHECK(std::isnan(b.grad().to_vector<float>()[3]));
  CHECK_THROWS_WITH_AS(pow(whole({2}), whole({3})), doctest::Contains("[pow] needs f32"), Error);
}

TEST_CASE("core.ops.what_is_finite") {
  const Tensor x = Tensor::from(Values{0, nan, infinity, -infinity, 3e38F});
  CHECK(mask(isnan(x)) == Mask{0, 1, 0, 0, 0});
  CHECK(mask(isinf(x)) == Mask{0, 0, 1, 1, 0});
  CHECK(mask(isfinite(x)) == Mask{1, 0, 0, 0, 1});
  CHECK(mask(isnan(whole({1}))) == Mask{0});
  CHECK(mask(isinf(whole({1}))) == Mask{0});
  CHECK(mask(isfinite(whole({1}))) == Mask{1});
}

TEST_CASE("core.ops.operators") {
  const Tensor a = Tensor::of({1, 2, 3}, {3});
  const Tensor b = Tensor::of({2}, {1});
  CHECK(mask(a < b) == Mask{1, 0, 0});
  CHECK(mask(a <= b) == Mask{1, 1, 0});
  CHECK(mask(a > b) == Mask{0, 0, 1});
  CHECK(mask(a >= b) == Mask{0, 1, 1});
  CHECK(mask(a < 2) == Mask{1, 0, 0});
  CHECK(mask(a <= 2) == Mask{1, 1, 0});
  CHECK(mask(a > 2) == Mask{0, 0, 1});
  CHECK(mask(a >= 2) == Mask{0, 1, 1});
  CHECK(mask(2 < a) == Mask{0, 0, 1});
  CHECK(mask(2 <= a) == Mask{0, 1, 1});
  CHECK(mask(2 > a) == Mask{1, 0, 0});
  CHECK(mask(2 >= a) == Mask{1, 1, 0});
  CHECK(mask(equal(a, 2)) == Mask{0, 1, 0});
  CHECK(mask(not_equal(a, 2)) == Mask{1, 0, 1});
  CHECK(values(1.0 - a) == Values{0, -1, -2});
  CHECK(values(6 / a) == Values{6, 3, 2});
  CHECK(values(concat({a, b})) == Values{1, 2, 3, 2});
  CHECK(stack({a, a}).shape() == Shape{2, 3});
  CHECK_THROWS_WITH_AS(static_cast<void>(Tensor::from(Mask{1}) > 300),
                       doctest::Contains("[greater] u8 cannot hold"), Error);
  std::ostringstream out;
  out << a;
  CHECK(out.str() == to_string(a));
}

}  // namespace
}  // namespace plastic
