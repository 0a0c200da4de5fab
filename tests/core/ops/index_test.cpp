#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "plastic/core/error.h"
#include "plastic/core/memory.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"

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

TEST_CASE("core.ops.index.embedding") {
  Tensor table = Tensor::of({0, 1, 10, 11, 20, 21}, {3, 2}).set_requires_grad();
  const Tensor y = embedding(table, indices({2, 0, 2, 1}, {2, 2}), -1);
  CHECK(y.shape() == Shape{2, 2, 2});
  CHECK(y.to_vector<float>() == std::vector<float>{20, 21, 0, 1, 20, 21, 10, 11});
  y.backward(Tensor::of({1, 2, 3, 4, 5, 6, 7, 8}, {2, 2, 2}));
  // None for the row of padding.
  CHECK(table.grad().to_vector<float>() == std::vector<float>{3, 4, 7, 8, 0, 0});
  CHECK(embedding(table, indices({1}, {}), 0).to_vector<float>() == std::vector<float>{10, 11});
  CHECK(embedding(table, indices({}, {0, 4})).shape() == Shape{0, 4, 2});
  CHECK_THROWS_WITH_AS(embedding(table, indices({3}, {1})),
                       "[embedding] index 3 at position 0 is not in [0, 3)", Error);
  CHECK_THROWS_WITH_AS(embedding(table, indices({0}, {1}), 3),
                       "[embedding] padding_idx 3 is not a row of 3", Error);
  CHECK_THROWS_WITH_AS(embedding(Tensor::ones({3}), indices({0}, {1})),
                       doctest::Contains("must have rank 2"), Error);
}

TEST_CASE("core.ops.index.rows_take_no_memory_but_their_own") {
  Generator generator{.seed = 4};
  Tensor table = uniform({50, 300}, -1, 1, generator).set_requires_grad();
  const Tensor index = uniform({4000}, 0, 50, generator).to(DType::i64);
  const std::size_t result = 4000 * 300 * sizeof(float);
  empty_cache();
  const std::size_t before = memory_use().in_use;
  const Tensor y = embedding(table, index, 3);
  // What was freed on the way is kept.
  CHECK(memory_use().cached < result / 8);
  CHECK(memory_use().in_use - before < result + result / 8);
  sum(y * y).backward();
  CHECK(max(abs(table.grad().slice(0, 3, 4))).item() == 0);
  CHECK(embedding(table, index).to_vector<float>() == y.to_vector<float>());
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

// In f32, 2^24 + 1 is 2^24: counting one by one would end there.
TEST_CASE("core.ops.index.sums_of_a_million_do_not_drift") {
  constexpr std::int64_t count = 1'000'000;
  const Tensor zeros = Tensor::zeros({count}, {.dtype = DType::i64});
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(name_of(dtype));
    const TensorOptions options{.dtype = dtype};
    const Tensor terms = Tensor::full({count}, 0.1, options);
    const double expected = 1e6 * terms.slice(0, 0, 1).clone().item();
    const double digits = dtype == DType::f32 ? 6e-8 : 2.3e-16;
    const auto check = [&](const Tensor& sums) {
      for (const double value : sums.to(DType::f64).to_vector<double>()) {
        CHECK(std::abs(value - expected) <= digits * expected);
      }
    };
    // One line; lines of their own, with few and with many targets; one index for all lines.
    check(scatter_add(Tensor::zeros({1}, options), 0, zeros, terms));
    const Tensor pairs = terms.unsqueeze(1).expand({count, 2});
    const Tensor own = zeros.unsqueeze(1).expand({count, 2}).contiguous();
    check(scatter_add(Tensor::zeros({1, 2}, options), 0, own, pairs));
    check(scatter_add(Tensor::zeros({count * 9, 2}, options), 0, own, pairs).slice(0, 0, 1));
    check(scatter_add(Tensor::zeros({1, 2}, options), 0, own.slice(1, 0, 1).expand({count, 2}),
                      pairs));
    Tensor table = Tensor::zeros({3, 2}, options).set_requires_grad();
    sum(mul(index_select(table, 0, zeros), pairs)).backward();
    check(table.grad().slice(0, 0, 1));
    CHECK(table.grad().slice(0, 1, 3).to(DType::f64).to_vector<double>() ==
          std::vector<double>(4, 0));
    // What every addition rounds away adds up, too.
    const double start = dtype == DType::f32 ? 16'777'216 : 9'007'199'254'740'992;
    CHECK(scatter_add(Tensor::full({1}, start, options), 0, zeros, Tensor::ones({count}, options))
              .item() == start + 1e6);
  }
}

TEST_CASE("core.ops.index.scattered_sums_of_every_shape") {
  Generator generator{.seed = 4};
  for (const DType dtype : {DType::f32, DType::f64, DType::i64, DType::u8}) {
    // Targets, terms, and elements beside each other.
    for (const auto& [targets, count, inner] : std::vector<std::array<std::int64_t, 3>>{
             {1, 1, 1}, {5, 1, 3}, {5, 7, 3}, {1000, 7, 3}, {1000, 7, 1}, {3, 400, 130}}) {
      CAPTURE(targets);
      CAPTURE(count);
      const std::array<std::int64_t, 2> outers = {1, 2};
      for (const std::int64_t outer : outers) {
        for (const bool is_shared : {false, true}) {
          const Tensor index = uniform({outer, count, is_shared ? 1 : inner}, 0,
                                       static_cast<double>(targets), generator)
                                   .to(DType::i64)
                                   .expand({outer, count, inner});
          const Tensor terms = uniform({outer, count, inner}, 0, 9, generator).to(DType::i64);
          const Tensor sums = scatter_add(Tensor::ones({outer, targets, inner}, {.dtype = dtype}),
                                          1, index, terms.to(dtype));
          std::vector<double> expected(static_cast<std::size_t>(outer * targets * inner), 1);
          const auto at = index.to_vector<std::int64_t>();
          const auto value = terms.to_vector<std::int64_t>();
          for (std::int64_t i = 0; i < outer * count * inner; ++i) {
            const auto from = static_cast<std::size_t>(i);
            const std::int64_t line = i / (count * inner);
            double& sum =
                expected[static_cast<std::size_t>((line * targets + at[from]) * inner + i % inner)];
            sum += static_cast<double>(value[from]);
            if (dtype == DType::u8) sum = std::fmod(sum, 256);
          }
          CHECK(sums.to(DType::f64).to_vector<double>() == expected);
        }
      }
    }
  }
  // The sign of a zero that nothing is added to stays, and so does infinity.
  const Tensor x = Tensor::of({-0.0F, std::numeric_limits<float>::infinity(), 1}, {3});
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Tensor y =
        scatter_add(x.to(dtype), 0, indices({1, 1}, {2}), Tensor::ones({2}, {.dtype = dtype}));
    CHECK(std::signbit(y.slice(0, 0, 1).clone().item()));
    CHECK(y.slice(0, 1, 2).clone().item() == std::numeric_limits<double>::infinity());
  }
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
  // Of an axis without elements, one part.
  const std::vector<Tensor> none = split(Tensor::zeros({3, 0}), 2, 1);
  REQUIRE(none.size() == 1);
  CHECK(none[0].shape() == Shape{3, 0});
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
  CHECK(masked_fill(two, mask, 0).to_vector<float>() == std::vector<float>{0, 0, 2});
  CHECK_THROWS_WITH_AS(masked_fill(x, Tensor::zeros({2}, {.dtype = DType::u8}), 0),
                       doctest::Contains("[masked_fill]"), Error);
}

}  // namespace
}  // namespace plastic
