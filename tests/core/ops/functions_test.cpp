#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"

namespace plastic {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

TEST_CASE("core.ops.functions.values") {
  const Tensor x = Tensor::of({-1.5, 0, 2}, {3});
  const auto value = [](const Tensor& y, std::size_t i) {
    return doctest::Approx(y.to_vector<float>()[i]).epsilon(1e-6);
  };
  CHECK(value(gelu(x), 2) == 1.9544997);
  CHECK(value(silu(x), 0) == -1.5 / (1 + std::exp(1.5)));
  CHECK(value(softplus(x), 2) == std::log1p(std::exp(2.0)));
  CHECK(value(sigmoid(x), 1) == 0.5);
  CHECK(value(leaky_relu(x, 0.1), 0) == -0.15);
  CHECK(value(pow(x, 3), 0) == -3.375);
  CHECK(value(rsqrt(x), 2) == std::sqrt(0.5));
  CHECK(sign(x).to_vector<float>() == std::vector<float>{-1, 0, 1});
  CHECK(abs(x).to_vector<float>() == std::vector<float>{1.5, 0, 2});
  CHECK(clamp(x, -1, 1).to_vector<float>() == std::vector<float>{-1, 0, 1});
  CHECK(abs(Tensor::full({1}, -3, {.dtype = DType::i64})).item() == 3);
  CHECK(clamp(x, 1, 0).to_vector<float>() == std::vector<float>(3, 0));
  CHECK_THROWS_WITH_AS(clamp(x, std::nan(""), 0), "[clamp] a limit is not a number: nan and 0",
                       Error);
  CHECK_THROWS_WITH_AS(tanh(Tensor::arange(2, {.dtype = DType::i64})),
                       doctest::Contains("[tanh] needs f32 or f64, got i64"), Error);
}

TEST_CASE("core.ops.functions.do_not_overflow") {
  const Tensor x = Tensor::of({-200, 200}, {2});
  CHECK(sigmoid(x).to_vector<float>() == std::vector<float>{std::exp(-200.0F), 1});
  CHECK(softplus(x).to_vector<float>() == std::vector<float>{0, 200});
  CHECK(softmax(x * 100.0, 0).to_vector<float>() == std::vector<float>{0, 1});
  CHECK(logsumexp(x * 100.0, 0).item() == 20000);
  CHECK(logsumexp(Tensor::of({-infinity, -infinity}, {2}), 0).item() == -infinity);
  const Tensor table = Tensor::zeros({2, 3, 4});
  CHECK(logsumexp(table, {0, 2}, true).shape() == Shape{1, 3, 1});
  CHECK(logsumexp(table, Shape{}).item() == doctest::Approx(std::log(24.0)));
  CHECK(logsumexp(Tensor::zeros({0, 3}), 0).to_vector<float>() == std::vector<float>(3, -infinity));
  CHECK_THROWS_WITH_AS(logsumexp(table, {0, 0}), doctest::Contains("[logsumexp]"), Error);
  CHECK(log_softmax(Tensor::of({0, -infinity}, {2}), 0).to_vector<float>() ==
        std::vector<float>{0, -infinity});
}

// Φ of numbers far below 0, where 1 + erf has few digits or none.
TEST_CASE("core.ops.functions.gelu_keeps_its_digits") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const double digits = dtype == DType::f32 ? 2e-6 : 1e-14;
    for (const double at : {-10.0, -5.0, -3.0, -1.5, -1.0, -0.5, 0.5, 3.0}) {
      CAPTURE(at);
      Tensor x = Tensor::full({1}, at, {.dtype = dtype}).set_requires_grad();
      const Tensor y = gelu(x);
      y.backward();
      const double cumulative = 0.5 * std::erfc(-at * std::sqrt(0.5));
      const double density = std::exp(-0.5 * at * at) / std::sqrt(2 * 3.14159265358979323846);
      CHECK(std::abs(y.item() - at * cumulative) <= digits * std::abs(at * cumulative));
      const double slope = cumulative + at * density;
      CHECK(std::abs(x.grad().item() - slope) <= 4 * digits * std::abs(slope));
    }
  }
  const float most = std::numeric_limits<float>::max();
  CHECK(gelu(Tensor::of({-most, most}, {2})).to_vector<float>() == std::vector<float>{0, most});
}

TEST_CASE("core.ops.functions.gradients_at_the_kinks") {
  const auto gradient_at_zero = [](const auto& function) {
    Tensor x = Tensor::zeros({1}).set_requires_grad();
    function(x).backward();
    return x.grad().item();
  };
  CHECK(gradient_at_zero([](const Tensor& x) { return abs(x); }) == 0);
  CHECK(gradient_at_zero([](const Tensor& x) { return norm(x); }) == 0);
  CHECK(gradient_at_zero([](const Tensor& x) { return clamp(x, 0, 1); }) == 0);
  CHECK(gradient_at_zero([](const Tensor& x) { return leaky_relu(x, 0.25); }) == 0.25);
}

TEST_CASE("core.ops.reduce.extremes_variance_and_norm") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor x = Tensor::of({3, -1, 4, 1, -5, 9}, {2, 3});
  CHECK(max(x).item() == 9);
  CHECK(min(x, {1}).to_vector<float>() == std::vector<float>{-1, -5});
  CHECK(max(x, {0}, true).shape() == Shape{1, 3});
  CHECK(argmin(x, 1).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 1});
  CHECK(std::isnan(max(Tensor::of({1, nan, 2}, {3})).item()));
  CHECK(std::isnan(min(Tensor::of({1, nan, 2}, {3})).item()));
  CHECK(var(x, {1}).to_vector<float>()[0] == doctest::Approx(7));
  CHECK(var(x, {1}, false, 0).to_vector<float>()[0] == doctest::Approx(14.0 / 3));
  CHECK(norm(Tensor::of({3, 4}, {2})).item() == 5);
  CHECK_THROWS_WITH_AS(max(Tensor::zeros({0, 3})), doctest::Contains("nothing to choose from"),
                       Error);
  CHECK(max(Tensor::zeros({0, 3}), {1}).shape() == Shape{0});

  Tensor tied = Tensor::of({2, 2}, {2}).set_requires_grad();
  max(tied).backward();
  CHECK(tied.grad().to_vector<float>() == std::vector<float>{1, 0});
}

TEST_CASE("core.ops.einsum.errors") {
  const std::vector<Tensor> pair = {Tensor::zeros({2, 3}), Tensor::zeros({4, 2})};
  CHECK_THROWS_WITH_AS(einsum("ij,jk->ik", pair),
                       "[einsum] \"ij,jk->ik\": axis j has sizes 3 and 4", Error);
  CHECK_THROWS_WITH_AS(einsum("ii,jk->ik", pair),
                       "[einsum] \"ii,jk->ik\": axis i has sizes 2 and 3", Error);
  CHECK_THROWS_WITH_AS(einsum("i.j,jk->ik", pair), doctest::Contains("must be letters"), Error);
  CHECK_THROWS_WITH_AS(einsum("ij......,jk->ik", pair), doctest::Contains("at most one"), Error);
  CHECK_THROWS_WITH_AS(einsum("ij,kl->ii", pair), doctest::Contains("has axis i twice"), Error);
  CHECK_THROWS_WITH_AS(einsum("ijk...,kl", pair), doctest::Contains("tensor 0 of shape (2, 3)"),
                       Error);
  CHECK_THROWS_WITH_AS(einsum("i...,i...->i...", pair), doctest::Contains("sizes"), Error);
  CHECK_THROWS_WITH_AS(einsum("ij,kl->m", pair), doctest::Contains("no tensor has"), Error);
  CHECK_THROWS_WITH_AS(einsum("ijk,kl", pair), doctest::Contains("does not name the axes"), Error);
  CHECK_THROWS_WITH_AS(einsum("ij", pair), doctest::Contains("names 1 tensors, got 2"), Error);
}

}  // namespace
}  // namespace plastic
