// Integers and masks: sums that do not wrap, and 64 bits that are all kept.
#include <doctest/doctest.h>

#include <array>
#include <limits>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"

namespace plastic {
namespace {

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
/// The first whole number that a double rounds.
constexpr std::int64_t big = 9007199254740993;

constexpr TensorOptions i64{.dtype = DType::i64};
constexpr TensorOptions u8{.dtype = DType::u8};

using Integers = std::vector<std::int64_t>;
using Bytes = std::vector<std::uint8_t>;

Tensor tensor(const Integers& values) {
  return Tensor::from(std::span<const std::int64_t>(values), {std::ssize(values)});
}
Integers values(const Tensor& x) { return x.to_vector<std::int64_t>(); }
Bytes bytes(const Tensor& x) { return x.to_vector<std::uint8_t>(); }

TEST_CASE("core.integers.limits_of_clamp_are_compared_as_integers") {
  const Tensor x = Tensor::full({2}, 0, {.dtype = DType::i64});
  const std::int64_t above = (std::int64_t{1} << 53) + 1;
  CHECK(clamp(x, above, 0x1p53).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>(2, above - 1));
  CHECK(clamp(x, 0x1p53, above).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>(2, above - 1));
}

TEST_CASE("core.ops.integers.sums_are_i64") {
  // The layouts that kernels tell apart: along lines, down columns, over everything, with strides.
  CHECK(sum(Tensor::full({300}, 255, u8)).item() == 76500);
  CHECK(values(sum(Tensor::full({2, 300}, 200, u8), {1})) == Integers{60000, 60000});
  CHECK(values(sum(Tensor::full({300, 2}, 200, u8), {0})) == Integers{60000, 60000});
  CHECK(sum(Tensor::full({300, 5000}, 3, u8), {0}).slice(0, 4999, 5000).item() == 900);
  CHECK(values(sum(Tensor::full({20, 3, 30}, 100, u8), {0, 2})) == Integers(3, 60000));
  CHECK(values(sum(Tensor::full({2, 600}, 200, u8).slice(1, 0, 600, 2), {1})) ==
        Integers{60000, 60000});
  CHECK(sum(Tensor::full({1 << 20}, 1, u8)).item() == 1 << 20);
  CHECK(sum(equal(Tensor::zeros({300}), Tensor::zeros({300}))).item() == 300);
  CHECK(sum(Tensor::full({}, 7, u8)).dtype() == DType::i64);
  CHECK(sum(Tensor::zeros({0}, u8)).item() == 0);
  CHECK(values(sum(tensor({big, 1, -2}))) == Integers{big - 1});
  CHECK(values(sum(tensor({highest, 1}))) == Integers{lowest});
}

TEST_CASE("core.ops.integers.einsum") {
  const auto of_one = [](const char* equation, const Tensor& x) {
    return einsum(equation, std::array{x});
  };
  CHECK(values(of_one("ij->i", Tensor::full({2, 3}, 200, u8))) == Integers{600, 600});
  CHECK(of_one("ij->", Tensor::full({2, 3}, 200, u8)).item() == 1200);
  CHECK(bytes(of_one("ij->ji", Tensor::full({2, 1}, 200, u8))) == Bytes{200, 200});
  const Tensor x = Tensor::full({3}, 200, u8);
  CHECK_THROWS_WITH_AS(einsum("i,i->", std::array{x, x}),
                       doctest::Contains("[einsum] needs f32 or f64, got u8"), Error);
}

TEST_CASE("core.ops.integers.means_are_refused") {
  CHECK_THROWS_WITH_AS(mean(Tensor::ones({3}, u8)),
                       doctest::Contains("[mean] needs f32 or f64, got u8"), Error);
  CHECK_THROWS_AS(var(Tensor::ones({3}, i64)), Error);
}

TEST_CASE("core.ops.integers.arithmetic_is_exact") {
  const Tensor x = tensor({big, lowest, highest});
  CHECK(values(x + 1.0) == Integers{big + 1, lowest + 1, lowest});
  CHECK(values(1 + x) == Integers{big + 1, lowest + 1, lowest});
  CHECK(values(x - 1.0) == Integers{big - 1, highest, highest - 1});
  CHECK(values(x - 0.0) == Integers{big, lowest, highest});
  CHECK(values(x * 1.0) == Integers{big, lowest, highest});
  CHECK(values(x / 1.0) == Integers{big, lowest, highest});
  CHECK(values(x / big) == Integers{1, -1023, 1023});
  CHECK(values(x - big) == Integers{0, highest - big + 1, highest - big});
  CHECK(values(tensor({1}) * big) == Integers{big});
  CHECK(values(Tensor::full({1}, big, i64)) == Integers{big});
  CHECK(values(Tensor::zeros({1}, i64).fill_(big)) == Integers{big});
  CHECK(values(tensor({big}).add_(1).add_(-2)) == Integers{big - 1});
  CHECK(values(tensor({big}).add_(big)) == Integers{2 * big});
  CHECK(values(masked_fill(x, Tensor::ones({3}, u8), big)) == Integers(3, big));
  CHECK(values(pad(tensor({1}), {0, 1}, big)) == Integers{1, big});
  CHECK(values(tensor({big}) + tensor({2})) == Integers{big + 2});
}

TEST_CASE("core.ops.integers.comparisons_are_exact") {
  const Tensor x = tensor({big, big - 1, big});
  const Tensor y = tensor({big - 1, big - 1, big + 1});
  CHECK(bytes(equal(x, y)) == Bytes{0, 1, 0});
  CHECK(bytes(less(x, y)) == Bytes{0, 0, 1});
  CHECK(bytes(greater_equal(x, y)) == Bytes{1, 1, 0});
  CHECK(max(x).item<std::int64_t>() == big);
  CHECK(argmax(tensor({big - 1, big}), 0).item() == 1);
}

TEST_CASE("core.ops.integers.wrap_around") {
  const Tensor x = tensor({lowest, highest});
  CHECK(values(-x) == Integers{lowest, -highest});
  CHECK(values(abs(x)) == Integers{lowest, highest});
  CHECK(values(x + x) == Integers{0, -2});
  CHECK(values(x * x) == Integers{0, 1});
  CHECK(values(x - tensor({1, -1})) == Integers{highest, lowest});
  CHECK(values(sign(x)) == Integers{-1, 1});
  const Tensor low = Tensor::full({1}, 0, u8);
  CHECK(bytes(low - 1) == Bytes{255});
  CHECK(bytes(-(low + 1)) == Bytes{255});
  CHECK(bytes(abs(low - 1)) == Bytes{255});
  CHECK(bytes((low + 255) * 2) == Bytes{254});
  const Tensor index = Tensor::zeros({2}, i64);
  CHECK(values(scatter_add(tensor({highest}), 0, index, tensor({1, 1}))) == Integers{lowest + 1});
}

TEST_CASE("core.ops.integers.quotients_that_do_not_exist") {
  const auto by_zero = doctest::Contains("[div] integers, i64 (2,), divided by 0");
  const auto not_held =
      doctest::Contains("[div] i64 cannot hold the quotient of -9223372036854775808");
  const Tensor x = tensor({lowest, 7});
  CHECK_THROWS_WITH_AS(x / 0.0, by_zero, Error);
  CHECK_THROWS_WITH_AS(x / 0, by_zero, Error);
  CHECK_THROWS_WITH_AS(x / tensor({1, 0}), by_zero, Error);
  CHECK_THROWS_WITH_AS(x / Tensor::zeros({}, i64), by_zero, Error);
  CHECK_THROWS_WITH_AS(Tensor::ones({3}, u8) / Tensor::zeros({3}, u8),
                       doctest::Contains("divided by 0"), Error);
  CHECK_THROWS_WITH_AS(x / -1.0, not_held, Error);
  CHECK_THROWS_WITH_AS(x / tensor({-1, 1}), not_held, Error);
  CHECK_THROWS_WITH_AS(x / 0.3, doctest::Contains("[div] i64 cannot hold 0.3"), Error);
  CHECK(values(x / tensor({1, -1})) == Integers{lowest, -7});
  CHECK(values(x / -2) == Integers{-(lowest / 2), -3});
  CHECK(bytes(Tensor::full({1}, 7, u8) / Tensor::full({2}, 2, u8)) == Bytes{3, 3});
  CHECK((Tensor::zeros({0}, i64) / Tensor::zeros({0}, i64)).numel() == 0);
  CHECK_THROWS_WITH_AS(x / tensor({1, 2, 3}), doctest::Contains("do not broadcast"), Error);
}

TEST_CASE("core.ops.integers.clamp") {
  CHECK(values(clamp(tensor({lowest, 5, highest}), -big, big)) == Integers{-big, 5, big});
  CHECK(bytes(clamp(Tensor::full({1}, 200, u8), 0, 100)) == Bytes{100});
  CHECK(values(clamp(tensor({1, highest}), big + 1, big)) == Integers{big, big});
}

TEST_CASE("core.ops.integers.items") {
  CHECK(tensor({big}).item<std::int64_t>() == big);
  CHECK(tensor({big - 1}).item() == 9007199254740992.0);
  CHECK(tensor({lowest}).item() == -0x1p63);
  CHECK_THROWS_WITH_AS(tensor({big}).item(),
                       "[item] f64 cannot hold the element, 9007199254740993; ask for i64, or "
                       "convert with .to()",
                       Error);
  CHECK_THROWS_AS(tensor({highest}).item(), Error);
  CHECK_THROWS_AS(tensor({16777217}).item<float>(), Error);
  CHECK_THROWS_AS(tensor({300}).item<std::uint8_t>(), Error);
  CHECK_THROWS_AS(tensor({-1}).item<std::uint8_t>(), Error);
  CHECK(Tensor::full({1}, 200, u8).item<std::int64_t>() == 200);
  CHECK(Tensor::full({1}, 200).item<std::uint8_t>() == 200);
  CHECK(Tensor::full({1}, 0.5, {.dtype = DType::f64}).item<float>() == 0.5F);
  CHECK(Tensor::full({1}, 1.5, {.dtype = DType::bf16}).item() == 1.5);
  CHECK_THROWS_AS(Tensor::full({1}, 0.5).item<std::int64_t>(), Error);
  CHECK_THROWS_AS(Tensor::full({1}, 1e19).item<std::int64_t>(), Error);
}

TEST_CASE("core.ops.integers.texts") {
  CHECK(to_string(tensor({big, lowest, highest})) ==
        "i64 (3,) on cpu: [9007199254740993, -9223372036854775808, 9223372036854775807]");
  CHECK_THROWS_WITH_AS(gather(Tensor::zeros({2}), 0, tensor({big})),
                       doctest::Contains("index 9007199254740993 at position 0"), Error);
  CHECK_THROWS_WITH_AS(cross_entropy(Tensor::zeros({1, 3}), tensor({1234567})),
                       doctest::Contains("target 1234567 at position 0"), Error);
}

TEST_CASE("core.ops.integers.conversions_that_do_not_fit") {
  const auto refused = [](const Tensor& x, DType dtype, const char* message) {
    CHECK_THROWS_WITH_AS(x.to(dtype), doctest::Contains(message), Error);
    Tensor target = Tensor::zeros(x.shape(), {.dtype = dtype});
    CHECK_THROWS_AS(target.copy_(x), Error);
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  refused(Tensor::of({1, nan}, {2}), DType::i64,
          "[to] i64 cannot hold nan, the element at position 1");
  refused(Tensor::of({infinity}, {1}), DType::i64, "[to] i64 cannot hold inf");
  refused(Tensor::of({0x1p63F}, {1}), DType::i64, "[to] i64 cannot hold");
  refused(Tensor::of({0, -1}, {2}), DType::u8, "[to] u8 cannot hold -1, the element at position 1");
  refused(Tensor::of({256}, {1}), DType::u8, "[to] u8 cannot hold 256");
  refused(Tensor::of({nan}, {1}), DType::u8, "[to] u8 cannot hold nan");
  refused(Tensor::full({1}, 300, {.dtype = DType::bf16}), DType::u8, "[to] u8 cannot hold 300");
  refused(tensor({big}), DType::u8, "[to] u8 cannot hold 9007199254740993");
  refused(tensor({0, -1}), DType::u8, "[to] u8 cannot hold -1");
  CHECK(bytes(Tensor::of({255.9F, -0.9F}, {2}).to(DType::u8)) == Bytes{255, 0});
  CHECK(values(Tensor::of({-0x1p63F, 0x1.fffffep62F}, {2}).to(DType::i64)) ==
        Integers{lowest, 0x7fffff8000000000});
  CHECK(values(Tensor::full({2}, 255, u8).to(DType::i64)) == Integers{255, 255});
}

}  // namespace
}  // namespace plastic
