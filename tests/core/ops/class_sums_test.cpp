#include "core/device/class_sums.h"

#include <doctest/doctest.h>

#include <limits>

#include "plastic/core/error.h"

namespace plastic::test {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

Tensor classes(std::initializer_list<std::int64_t> values) {
  return Tensor::from<std::int64_t>(std::span(values.begin(), values.size()),
                                    {static_cast<std::int64_t>(values.size())});
}

TEST_CASE("core.ops.class_sums.adds_up") {
  Tensor sums = Tensor::zeros({2}, {.dtype = DType::f64});
  // Right, wrong, the first of equals, NaN before all numbers.
  const Tensor logits = Tensor::of({1, 3, 2, /**/ 5, 1, 1, /**/ 4, 4, 0, /**/ 9, nan, nan}, {4, 3});
  add_class_sums(logits, classes({1, 2, 0, 1}), Tensor::of({0.5F}, {}), sums);
  CHECK(sums.to_vector<double>() == std::vector<double>{2, 3});
  add_class_sums(logits.slice(0, 0, 1), classes({1}), Tensor::of({0.25F}, {}), sums);
  CHECK(sums.to_vector<double>() == std::vector<double>{2.25, 4});
}

TEST_CASE("core.ops.class_sums.refuses_what_does_not_fit") {
  Tensor sums = Tensor::zeros({2}, {.dtype = DType::f64});
  const Tensor logits = Tensor::zeros({4, 3});
  const Tensor loss = Tensor::zeros({});
  CHECK_THROWS_WITH_AS(add_class_sums(logits, classes({1, 2}), loss, sums),
                       doctest::Contains("targets (2,)"), Error);
  CHECK_THROWS_WITH_AS(add_class_sums(logits, classes({1, 2, 0, 1}), logits, sums),
                       doctest::Contains("one element"), Error);
  CHECK_THROWS_WITH_AS(add_class_sums(logits, classes({1, 2, 0, 1}), loss.to(DType::f64), sums),
                       doctest::Contains("a loss in f32"), Error);
  Tensor floats = Tensor::zeros({2});
  CHECK_THROWS_WITH_AS(add_class_sums(logits, classes({1, 2, 0, 1}), loss, floats),
                       doctest::Contains("f64 sums"), Error);
}

}  // namespace
}  // namespace plastic::test
