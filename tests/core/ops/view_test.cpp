#include <doctest/doctest.h>

#include "plastic/core/error.h"
#include "plastic/core/tensor.h"

namespace plastic {
namespace {

const std::vector<float> counted(const Tensor& x) { return x.to_vector<float>(); }

TEST_CASE("core.ops.view.shares_storage") {
  Tensor x = Tensor::arange(12).reshape({3, 4});
  x.transpose(0, 1).slice(0, 1, 2).fill_(0);
  CHECK(counted(x) == std::vector<float>{0, 0, 2, 3, 4, 0, 6, 7, 8, 0, 10, 11});
}

TEST_CASE("core.ops.view.reshape") {
  const Tensor x = Tensor::arange(24).reshape({2, 3, 4});
  CHECK(x.reshape({4, -1}).shape() == Shape{4, 6});
  CHECK(x.flatten().shape() == Shape{24});
  CHECK(x.flatten(0, 1).shape() == Shape{6, 4});
  // Splitting an axis of a permuted tensor needs no copy; joining does.
  const Tensor permuted = x.permute({2, 0, 1});
  CHECK(permuted.reshape({2, 2, 2, 3}).data<float>() == x.data<float>());
  const Tensor joined = permuted.reshape({8, 3});
  CHECK(joined.data<float>() != x.data<float>());
  CHECK(counted(joined) == counted(permuted));
  CHECK(Tensor::zeros({0, 4}).reshape({2, 0}).shape() == Shape{2, 0});
}

TEST_CASE("core.ops.view.slice") {
  const Tensor x = Tensor::arange(10);
  CHECK(counted(x.slice(0, 2, 8, 3)) == std::vector<float>{2, 5});
  CHECK(counted(x.slice(0, -2, 100)) == std::vector<float>{8, 9});
  CHECK(x.slice(0, 5, 2).numel() == 0);
}

TEST_CASE("core.ops.view.expand") {
  const Tensor x = Tensor::of({1, 2}, {2, 1}).expand({2, 3});
  CHECK(counted(x) == std::vector<float>{1, 1, 1, 2, 2, 2});
  CHECK(x.strides() == Shape{1, 0});
}

TEST_CASE("core.ops.view.errors") {
  const Tensor x = Tensor::zeros({2, 6});
  CHECK_THROWS_WITH_AS(x.reshape({5, -1}),
                       "[reshape] cannot give shape (5, -1) to 12 elements of shape (2, 6)", Error);
  CHECK_THROWS_WITH_AS(x.reshape({-1, -1}), doctest::Contains("at most one size may be -1"), Error);
  CHECK_THROWS_WITH_AS(x.permute({0, 0}), doctest::Contains("is not a permutation"), Error);
  CHECK_THROWS_WITH_AS(x.slice(0, 0, 1, 0), doctest::Contains("step must not be 0"), Error);
  CHECK_THROWS_WITH_AS(x.expand({2, 7}), doctest::Contains("(2, 6) and (2, 7)"), Error);
  CHECK_THROWS_WITH_AS(x.expand({6}), doctest::Contains("cannot broadcast (2, 6) to (6,)"), Error);
  CHECK_THROWS_WITH_AS(x.squeeze(0), doctest::Contains("is not of size 1"), Error);
  CHECK_THROWS_WITH_AS(x.size(2), doctest::Contains("axis 2 is out of range"), Error);
}

}  // namespace
}  // namespace plastic
