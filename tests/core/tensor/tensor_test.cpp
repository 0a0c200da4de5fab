#include "plastic/core/tensor.h"

#include <doctest/doctest.h>

#include <limits>

#include "plastic/core/error.h"
#include "plastic/core/state_dict.h"

namespace plastic {
namespace {

TEST_CASE("core.tensor.creation") {
  CHECK(Tensor::full({2, 2}, 3).to_vector<float>() == std::vector<float>(4, 3));
  CHECK(Tensor::arange(3, {.dtype = DType::u8}).to_vector<std::uint8_t>() ==
        std::vector<std::uint8_t>{0, 1, 2});
  CHECK(Tensor::zeros({0, 5}).numel() == 0);
  CHECK(Tensor::ones({}).item() == 1);
  CHECK(Tensor::ones({1}, {.requires_grad = true}).requires_grad());
  CHECK_FALSE(Tensor().defined());
  CHECK_THROWS_WITH_AS(Tensor::of({1, 2, 3}, {2, 2}), "[from] 3 values do not fill shape (2, 2)",
                       Error);
  CHECK_THROWS_WITH_AS(Tensor::zeros({2, -1}), doctest::Contains("negative size"), Error);
  CHECK_THROWS_WITH_AS(Tensor::empty({std::int64_t{1} << 40, std::int64_t{1} << 40}),
                       doctest::Contains("more elements than can be counted"), Error);
  CHECK_THROWS_WITH_AS(Tensor::empty({std::int64_t{1} << 61}, {.dtype = DType::f64}),
                       doctest::Contains("more bytes than can be counted"), Error);
  CHECK_THROWS_WITH_AS(Tensor::empty({std::int64_t{1} << 50}), doctest::Contains("out of memory"),
                       Error);
}

TEST_CASE("core.tensor.access") {
  Tensor x = Tensor::arange(6).reshape({2, 3});
  CHECK_THROWS_WITH_AS(x.data<double>(), doctest::Contains("holds f32, asked for f64"), Error);
  CHECK_THROWS_WITH_AS(x.item(), doctest::Contains("needs a single element"), Error);
  const std::uint64_t before = x.version();
  x.mutable_data<float>()[0] = 7;
  CHECK(x.version() == before + 1);
  CHECK(x.data<float>()[0] == 7);
  CHECK(x.transpose(0, 1).to_vector<float>() == std::vector<float>{7, 3, 1, 4, 2, 5});
  CHECK_THROWS_WITH_AS(Tensor().shape(), doctest::Contains("undefined"), Error);
}

TEST_CASE("core.tensor.conversion") {
  const Tensor x = Tensor::of({1.9F, -1.9F, 200}, {3});
  CHECK(x.to(DType::i64).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, -1, 200});
  CHECK(x.slice(0, 2, 3).to(DType::u8).item() == 200);
  Tensor target = Tensor::zeros({2, 3}, {.dtype = DType::f64});
  target.copy_(x);
  CHECK(target.slice(0, 1, 2).to_vector<double>()[2] == 200);
  CHECK_THROWS_WITH_AS(target.copy_(Tensor::zeros({2})), doctest::Contains("[expand]"), Error);
}

TEST_CASE("core.tensor.writes_through_strides") {
  Tensor x = Tensor::zeros({3, 4});
  x.slice(1, 0, 4, 2).fill_(1);
  CHECK(x.to_vector<float>() == std::vector<float>{1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0});
}

TEST_CASE("core.tensor.adds_in_place") {
  Tensor count = Tensor::zeros({}, {.dtype = DType::i64});
  const std::uint64_t before = count.version();
  count.add_(1).add_(1);
  CHECK(count.item() == 2);
  CHECK(count.version() == before + 2);
  Tensor x = Tensor::zeros({2, 2});
  x.slice(1, 1, 2).add_(0.5);
  CHECK(x.to_vector<float>() == std::vector<float>{0, 0.5, 0, 0.5});
  x.set_requires_grad();
  CHECK_THROWS_WITH_AS(x.add_(1), doctest::Contains("[add_] writing in place"), Error);
}

TEST_CASE("core.tensor.printing") {
  CHECK(to_string(Tensor::of({1, 2.5}, {1, 2})) == "f32 (1, 2) on cpu: [[1, 2.5]]");
  CHECK(to_string(Tensor::arange(9, {.dtype = DType::u8})) ==
        "u8 (9,) on cpu: [0, 1, 2, 3, 4, 5, 6, 7, ...]");
  CHECK(to_string(Tensor()) == "undefined");
}

TEST_CASE("core.state_dict.find") {
  const StateDict state = {{"weight", Tensor::ones({2})}};
  CHECK(find(state, "weight", "test").numel() == 2);
  CHECK_THROWS_WITH_AS(find(state, "bias", "test"),
                       "[test] the state has no tensor \"bias\" among its 1", Error);
}

}  // namespace
}  // namespace plastic
