#include <doctest/doctest.h>

#include <cfloat>
#include <cmath>
#include <limits>

#include "plastic/core/error.h"
#include "plastic/core/ops.h"

namespace plastic {
namespace {

Tensor labels(std::vector<std::int64_t> values) {
  return Tensor::from(std::span<const std::int64_t>(values),
                      {static_cast<std::int64_t>(values.size())});
}

TEST_CASE("core.ops.cross_entropy.values") {
  const Tensor even = Tensor::zeros({2, 10});
  CHECK(cross_entropy(even, labels({3, 7})).item() == doctest::Approx(std::log(10.0)));
  const Tensor logits = Tensor::of({1, 2, 3}, {1, 3});
  CHECK(cross_entropy(logits, labels({2})).item() ==
        doctest::Approx(std::log(std::exp(1.0) + std::exp(2.0) + std::exp(3.0)) - 3));
}

TEST_CASE("core.ops.cross_entropy.large_logits_stay_finite") {
  Tensor logits = Tensor::of({1e4F, -1e4F, 0, 80, 90, 100}, {2, 3}).set_requires_grad();
  const Tensor loss = cross_entropy(logits, labels({1, 2}));
  CHECK(loss.item() == doctest::Approx(1e4).epsilon(1e-6));
  loss.backward();
  for (const float g : logits.grad().to_vector<float>()) CHECK(std::isfinite(g));
}

/// Loss and gradient of one row, in f64.
struct Outcome {
  double loss;
  std::vector<double> gradient;
};

Outcome outcome_of(const std::vector<double>& logits, std::int64_t target, DType dtype) {
  const Shape shape = {1, static_cast<std::int64_t>(logits.size())};
  Tensor x = Tensor::from(std::span<const double>(logits), shape).to(dtype).set_requires_grad();
  const Tensor loss = cross_entropy(x, labels({target}));
  loss.backward();
  return {loss.item(), x.grad().to(DType::f64).to_vector<double>()};
}

TEST_CASE("core.ops.cross_entropy.keeps_every_digit") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(name_of(dtype));
    const double digits = dtype == DType::f32 ? 2.4e-7 : 4.5e-16;
    const auto check = [&](const std::vector<double>& logits, std::int64_t target, double loss,
                           const std::vector<double>& gradient) {
      const Outcome outcome = outcome_of(logits, target, dtype);
      CHECK(std::abs(outcome.loss - loss) <= digits * loss);
      for (std::size_t j = 0; j < gradient.size(); ++j) {
        CAPTURE(j);
        CHECK(std::abs(outcome.gradient[j] - gradient[j]) <= digits * std::abs(gradient[j]));
      }
    };
    for (const double logit : {1e4, 1e8, -1e8, static_cast<double>(FLT_MAX)}) {
      check({logit, logit}, 0, std::log(2.0), {-0.5, 0.5});
      check({-std::abs(logit), std::abs(logit)}, 1, 0, {0, 0});
    }
    check({1000, 990}, 0, std::log1p(std::exp(-10.0)),
          {-1 / (1 + std::exp(10.0)), 1 / (1 + std::exp(10.0))});
    check({990, 1000}, 0, 10 + std::log1p(std::exp(-10.0)),
          {-1 / (1 + std::exp(-10.0)), 1 / (1 + std::exp(-10.0))});
    // Less than the last digit of 1, and of f32's smallest normal numbers.
    check({60, 0}, 0, std::exp(-60.0), {-std::exp(-60.0), std::exp(-60.0)});
  }
  // The logits as f32 holds them.
  const std::vector<double> row = {static_cast<double>(10.3F), static_cast<double>(0.7F), 1, -3};
  double others = 0;
  for (std::size_t j = 1; j < row.size(); ++j) others += std::exp(row[j] - row[0]);
  const Outcome outcome = outcome_of(row, 0, DType::f32);
  CHECK(std::abs(outcome.loss - std::log1p(others)) <= 2.4e-7 * others);
  CHECK(std::abs(outcome.gradient[0] + others / (1 + others)) <= 2.4e-7 * others);
}

TEST_CASE("core.ops.cross_entropy.of_very_many_classes") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const std::int64_t count : {100'000, 262'144}) {
      std::vector<double> row(static_cast<std::size_t>(count), -1);
      row[0] = 0;
      const double others = (static_cast<double>(count) - 1) * std::exp(-1.0);
      const double digits = dtype == DType::f32 ? 1.2e-7 : 1e-15;
      const Outcome outcome = outcome_of(row, 0, dtype);
      CHECK(std::abs(outcome.loss - std::log1p(others)) <= digits * outcome.loss);
      CHECK(std::abs(outcome.gradient[0] + others / (1 + others)) <= digits);
    }
  }
}

// As PyTorch.
TEST_CASE("core.ops.cross_entropy.infinities_and_nan") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const auto& row : std::vector<std::vector<double>>{{-infinity, -infinity, -infinity},
                                                            {0, infinity, 1},
                                                            {infinity, -infinity, 0},
                                                            {0, nan, 1},
                                                            {nan, nan, nan}}) {
      const Outcome outcome = outcome_of(row, 0, dtype);
      CHECK(std::isnan(outcome.loss));
      for (const double g : outcome.gradient) CHECK(std::isnan(g));
    }
    CHECK(outcome_of({0, -infinity}, 0, dtype).loss == 0);
    CHECK(outcome_of({0, -infinity}, 1, dtype).loss == infinity);
    CHECK(outcome_of({0, -infinity}, 1, dtype).gradient == std::vector<double>{1, -1});
  }
  CHECK(std::isnan(cross_entropy(Tensor::zeros({0, 3}), labels({})).item()));
}

TEST_CASE("core.ops.cross_entropy.errors") {
  const Tensor logits = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(cross_entropy(logits, labels({0, 3})),
                       "[cross_entropy] target 3 at position 1 is not in [0, 3)", Error);
  CHECK_THROWS_WITH_AS(cross_entropy(logits, labels({0, -1})), doctest::Contains("target -1"),
                       Error);
  CHECK_THROWS_WITH_AS(cross_entropy(logits, labels({0})),
                       doctest::Contains("logits (2, 3) do not fit targets (1,)"), Error);
  CHECK_THROWS_WITH_AS(cross_entropy(logits, Tensor::zeros({2})),
                       doctest::Contains("i64 targets, got f32 and f32"), Error);
}

}  // namespace
}  // namespace plastic
