#include <doctest/doctest.h>

#include <cfloat>
#include <cmath>
#include <limits>
#include <vector>

#include "core/fused.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace plastic {
namespace {

TEST_CASE("core.ops.reduce.values") {
  const Tensor x = Tensor::arange(24).reshape({2, 3, 4});
  CHECK(sum(x).item() == 276);
  CHECK(sum(x, {0}).to_vector<float>() ==
        std::vector<float>{12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34});
  CHECK(sum(x, {1}, true).shape() == Shape{2, 1, 4});
  CHECK(sum(x, {1}).to_vector<float>() == std::vector<float>{12, 15, 18, 21, 48, 51, 54, 57});
  CHECK(mean(x, {0, 2}).to_vector<float>() == std::vector<float>{7.5, 11.5, 15.5});
  CHECK(sum(Tensor::arange(5, {.dtype = DType::i64})).item() == 10);
  CHECK(sum(Tensor::zeros({0, 3}), {0}).to_vector<float>() == std::vector<float>{0, 0, 0});
  CHECK(std::isnan(mean(Tensor::zeros({0})).item()));
}

TEST_CASE("core.ops.reduce.long_sums_keep_their_digits") {
  // 0.1 is inexact: adding a million of them one after the other in f32 loses three digits.
  const Tensor x = Tensor::full({1000000}, 0.1);
  const double expected = 1e6 * static_cast<double>(0.1F);
  CHECK(std::abs(sum(x).item() - expected) <= 1e-7 * expected);
  const Tensor columns = Tensor::full({100000, 3}, 0.1);
  CHECK(std::abs(sum(columns, {0}).to_vector<float>()[1] - expected / 10) <= 1e-7 * expected);
}

TEST_CASE("core.ops.reduce.long_f64_sums_keep_their_digits") {
  // Against sums of 0.1 as f64 holds it, one part in 2^53 more than 1/10.
  const double tenth = 0.1;
  const auto check = [&](const Tensor& sums, double count) {
    const double expected = fused_product(tenth, count, 0.0);
    for (const double value : sums.to_vector<double>()) {
      CHECK(std::abs(value - expected) <= 4 * DBL_EPSILON * expected);
    }
  };
  const TensorOptions f64{.dtype = DType::f64};
  check(sum(Tensor::full({3'000'000}, tenth, f64)), 3e6);
  check(sum(Tensor::full({2, 1'000'001}, tenth, f64), {1}), 1'000'001);
  check(sum(Tensor::full({1'000'001, 2}, tenth, f64), {0}), 1'000'001);
  check(sum(Tensor::full({300, 5000}, tenth, f64), {0}), 300);
  check(sum(Tensor::full({2, 200'000, 2}, tenth, f64), {1}), 200'000);
  check(sum(Tensor::full({}, tenth, f64).expand({1'000'001})), 1'000'001);
  check(sum(Tensor::full({1000, 4}, tenth, f64).transpose(0, 1).expand({300, 4, 1000})), 1.2e6);
}

TEST_CASE("core.ops.reduce.the_mean_of_equal_numbers_is_that_number") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const TensorOptions options{.dtype = dtype};
    bool all_right = true;
    for (std::int64_t n = 1; n <= 1000; ++n) {
      Tensor x = Tensor::ones({n}, options).set_requires_grad();
      const Tensor y = mean(x);
      y.backward();
      const Tensor share = Tensor::ones({}, options) / static_cast<double>(n);
      all_right = all_right && y.item() == 1 &&
                  x.grad().slice(0, 0, 1).clone().item() == share.item() &&
                  mean(Tensor::ones({n, 3}, options), {0}).slice(0, 2, 3).clone().item() == 1 &&
                  mean(Tensor::ones({2, n, 3}, options), {1})
                          .slice(0, 1, 2)
                          .slice(1, 0, 1)
                          .clone()
                          .item() == 1;
    }
    CHECK(all_right);
  }
  // The sum does not fit into f32, the mean does.
  CHECK(mean(Tensor::full({3}, FLT_MAX)).item() == static_cast<double>(FLT_MAX));
}

/// Norm and gradient of a tensor.
struct Normed {
  double norm;
  std::vector<double> gradient;
};

Normed normed(const std::vector<double>& values, DType dtype) {
  const Shape shape = {1, static_cast<std::int64_t>(values.size())};
  Tensor x = Tensor::from(std::span<const double>(values), shape).to(dtype).set_requires_grad();
  const Tensor y = norm(x, {1}, true);
  y.backward();
  return {y.item(), x.grad().to(DType::f64).to_vector<double>()};
}

TEST_CASE("core.ops.reduce.norms_of_any_size") {
  const auto check = [](DType dtype, double unit, double digits) {
    CAPTURE(unit);
    const Normed result = normed({3 * unit, -4 * unit}, dtype);
    CHECK(std::abs(result.norm - 5 * unit) <= digits * 5 * unit);
    CHECK(std::abs(result.gradient[0] - 0.6) <= digits);
    CHECK(std::abs(result.gradient[1] + 0.8) <= digits);
  };
  for (const double unit : {1e19, 5e37, 1.0, 1e-23, 1e-24, 1e-30, 1e-37}) {
    check(DType::f32, unit, 2.4e-7);
  }
  // f32's smallest number is 1.4e-45: four digits are left.
  check(DType::f32, 1e-41, 2e-4);
  for (const double unit : {1e300, 3e307, 1e154, 1e140, 1.0, 1e-140, 1e-154, 1e-162, 1e-300}) {
    check(DType::f64, unit, 4.5e-16);
  }
  check(DType::f64, 1e-319, 2e-4);
  // Many small ones, many large ones, and small beside large.
  for (const DType dtype : {DType::f32, DType::f64}) {
    const double small = dtype == DType::f32 ? 1e-25 : 1e-170;
    const double large = dtype == DType::f32 ? 1e30 : 1e300;
    const TensorOptions options{.dtype = dtype};
    CHECK(norm(Tensor::full({1'000'000}, small, options)).item() ==
          doctest::Approx(1e3 * small).epsilon(1e-6));
    CHECK(norm(Tensor::full({1'000'000}, large, options)).item() ==
          doctest::Approx(1e3 * large).epsilon(1e-6));
    CHECK(normed({large, small}, dtype).norm == doctest::Approx(large).epsilon(1e-6));
    CHECK(normed({0, 0}, dtype).gradient == std::vector<double>{0, 0});
    // As PyTorch.
    const double infinity = std::numeric_limits<double>::infinity();
    const Normed infinite = normed({infinity, 1}, dtype);
    CHECK(infinite.norm == infinity);
    CHECK(std::isnan(infinite.gradient[0]));
    CHECK(infinite.gradient[1] == 0);
    CHECK(std::isnan(normed({std::nan(""), 1}, dtype).norm));
  }
}

TEST_CASE("core.ops.reduce.variances_of_any_size") {
  const auto variance = [](const std::vector<double>& values, DType dtype, double correction = 1) {
    const Shape shape = {static_cast<std::int64_t>(values.size())};
    return var(Tensor::from(std::span<const double>(values), shape).to(dtype), {}, false,
               correction)
        .item();
  };
  const auto near = [](double x) { return doctest::Approx(x).epsilon(2.4e-7); };
  // Squares that do not fit, of deviations whose variance does.
  std::vector<double> outlier(1000, 0);
  outlier[7] = 1e20;
  CHECK(variance(outlier, DType::f32) == near(1e37));
  outlier[7] = 2e155;
  CHECK(variance(outlier, DType::f64) == near(4e307));
  CHECK(variance({1e-22, 2e-22, 3e-22}, DType::f32) == near(static_cast<double>(1e-44F)));
  // A small deviation beside a large mean: the mean itself does not fit into f32.
  CHECK(variance({1e6, 1e6 + 0.0625, 1e6, 1e6 + 0.0625}, DType::f32, 0) == near(0.0009765625));
  CHECK(variance({16777214, 16777215, 16777215}, DType::f32) == near(1.0 / 3));
  CHECK(variance({1e15, 1e15 + 0.125, 1e15 + 0.125}, DType::f64) == near(0.015625 / 3));
  // Beyond all range, where rounding of the mean is infinite when squared.
  const double largest = std::numeric_limits<double>::max();
  CHECK(std::isinf(variance({-0.25, -largest, -3e-322, 0.4}, DType::f64)));
  CHECK(std::isinf(variance({-0.25, largest, -3e-322, 0.4}, DType::f64, 0)));
  CHECK(variance(std::vector<double>(1001, 0.1), DType::f32) == 0);
  CHECK(variance(std::vector<double>(1001, 0.1), DType::f64) < 1e-32);

  Tensor x = Tensor::of({1e6F, 1e6F + 0.0625F, 1e6F + 0.0625F}, {3}).set_requires_grad();
  var(x).backward();
  const std::vector<float> gradient = x.grad().to_vector<float>();
  CHECK(static_cast<double>(gradient[0]) == near(-0.125 / 3));
  CHECK(static_cast<double>(gradient[1]) == near(0.0625 / 3));
}

// Values and gradients as PyTorch's, whose gradient over chosen axes differs from the one over all.
TEST_CASE("core.ops.reduce.variances_without_freedom") {
  const double infinity = std::numeric_limits<double>::infinity();
  const auto check = [](std::vector<double> values, const Shape& axes, double correction,
                        double expected, std::vector<double> expected_gradient) {
    const Shape shape = {static_cast<std::int64_t>(values.size())};
    Tensor x = Tensor::from(std::span<const double>(values), shape).to(DType::f32);
    x.set_requires_grad();
    const Tensor y = var(x, axes, false, correction);
    y.backward();
    const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
    CHECK(same(y.item(), expected));
    const std::vector<double> gradient = x.grad().to(DType::f64).to_vector<double>();
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      CHECK(same(gradient[i], expected_gradient[i]));
    }
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  check({1, 2}, {}, 2, infinity, {infinity, infinity});
  check({1, 2}, {}, 5, infinity, {infinity, infinity});
  check({1, 1}, {}, 2, nan, {nan, nan});
  check({3}, {}, 1, nan, {nan});
  check({1, 2}, {0}, 2, infinity, {-infinity, infinity});
  check({1, 2}, {0}, 3, infinity, {1, -1});
  check({3}, {0}, 1, nan, {nan});
  check({1, 2}, {0}, 1, 0.5, {-1, 1});
  // Beside an infinity, what deviates from it deviates infinitely.
  check({1, infinity}, {0}, 1, nan, {-infinity, nan});
  check({1, -infinity}, {}, 0, nan, {infinity, nan});
}

TEST_CASE("core.ops.reduce.argmax") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor x = Tensor::of({1, 5, 5, 9, nan, 3}, {2, 3});
  CHECK(argmax(x, 1).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 1});
  CHECK(argmax(x, 0).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 1, 0});
  CHECK_THROWS_WITH_AS(argmax(Tensor::zeros({2, 0}), 1), doctest::Contains("is empty"), Error);
}

TEST_CASE("core.ops.reduce.errors") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(sum(x, {2}), "[sum] axis 2 is out of range for a tensor of rank 2", Error);
  CHECK_THROWS_WITH_AS(sum(x, {0, -2}), doctest::Contains("axis -2 is given twice"), Error);
  CHECK_THROWS_WITH_AS(mean(Tensor::arange(3, {.dtype = DType::i64})),
                       doctest::Contains("[mean] needs f32 or f64, got i64"), Error);
}

}  // namespace
}  // namespace plastic
