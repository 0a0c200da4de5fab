// softmax, log_softmax and logsumexp of logits of any size.
#include "plastic/core/ops/softmax.h"

#include <doctest/doctest.h>

#include <cfloat>
#include <cmath>
#include <limits>
#include <vector>

#include "plastic/core/ops.h"

namespace plastic {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::vector<double> numbers(const Tensor& x) { return x.to(DType::f64).to_vector<double>(); }

void check_close(const Tensor& actual, const std::vector<double>& expected, double tolerance) {
  const std::vector<double> values = numbers(actual);
  REQUIRE(values.size() == expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    CAPTURE(i);
    if (std::isnan(expected[i])) {
      CHECK(std::isnan(values[i]));
    } else if (std::isinf(expected[i])) {
      CHECK(values[i] == expected[i]);
    } else {
      CHECK(std::abs(values[i] - expected[i]) <= tolerance * std::abs(expected[i]));
    }
  }
}

Tensor row_of(const std::vector<double>& values, DType dtype) {
  const Shape shape = {static_cast<std::int64_t>(values.size())};
  return Tensor::from(std::span<const double>(values), shape).to(dtype);
}

Tensor gradient_of(const Tensor& at, Tensor (*f)(const Tensor&)) {
  Tensor x = at.clone().set_requires_grad();
  sum(f(x)).backward();
  return x.grad();
}

Tensor log_sum(const Tensor& x) { return logsumexp(x, 0); }

TEST_CASE("core.ops.softmax.at_the_ends_of_the_range") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(name_of(dtype));
    const double most = dtype == DType::f32 ? static_cast<double>(FLT_MAX) : DBL_MAX;
    const double digits = dtype == DType::f32 ? 1.2e-7 : 2.3e-16;
    for (const double logit : {most, -most, 1e8, 1e4, 0.0, -1e8}) {
      CAPTURE(logit);
      const Tensor x = row_of({logit, logit, logit, logit}, dtype);
      check_close(softmax(x, 0), {0.25, 0.25, 0.25, 0.25}, 0);
      check_close(log_softmax(x, 0), std::vector<double>(4, -std::log(4.0)), digits);
      check_close(gradient_of(x, log_sum), {0.25, 0.25, 0.25, 0.25}, 0);
    }
    check_close(logsumexp(row_of({-most, -most}, dtype), 0), {-most}, 0);
    check_close(logsumexp(row_of({most, 0}, dtype), 0), {most}, 0);
    const Tensor wide = row_of({most, 0, -most}, dtype);
    check_close(softmax(wide, 0), {1, 0, 0}, 0);
    check_close(log_softmax(wide, 0), {0, -most, -infinity}, 0);
    check_close(gradient_of(wide, log_sum), {1, 0, 0}, 0);
  }
}

TEST_CASE("core.ops.softmax.keeps_the_small_beside_the_large") {
  // log(1 + e^-10), which f32 cannot tell from log(1.0000454) unless it is summed in f64.
  const Tensor x = Tensor::of({1000, 990}, {2});
  const double small = std::log1p(std::exp(-10.0));
  check_close(log_softmax(x, 0), {-small, -10 - small}, 1.2e-7);
  check_close(softmax(x, 0), {1 / (1 + std::exp(-10.0)), 1 / (1 + std::exp(10.0))}, 2.4e-7);
  check_close(log_softmax(Tensor::of({1e4F, 1e4F}, {2}), 0), {-std::log(2.0), -std::log(2.0)},
              1.2e-7);
}

TEST_CASE("core.ops.softmax.of_very_many_classes") {
  constexpr std::int64_t count = 262144;
  for (const DType dtype : {DType::f32, DType::f64}) {
    Tensor x = Tensor::full({1, count}, -1, {.dtype = dtype});
    x.slice(1, 0, 1).fill_(0);
    const double expected = std::log1p((static_cast<double>(count) - 1) * std::exp(-1.0));
    const double digits = dtype == DType::f32 ? 1.2e-7 : 1e-15;
    check_close(logsumexp(x, 1), {expected}, digits);
    check_close(log_softmax(x, 1).slice(1, 0, 1), {-expected}, digits);
    check_close(softmax(x, 1).slice(1, 0, 1), {std::exp(-expected)}, 2 * digits);
    check_close(sum(softmax(x, 1)), {1}, digits);
  }
}

// What PyTorch 2.15 gives, but for the gradient of logsumexp at rows of -∞: 0 here, NaN there.
TEST_CASE("core.ops.softmax.infinities_and_nan") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(name_of(dtype));
    const std::vector<double> all_nan = {nan, nan, nan};
    for (const auto& bad : std::vector<std::vector<double>>{{-infinity, -infinity, -infinity},
                                                            {0, infinity, 1},
                                                            {infinity, infinity, 0},
                                                            {infinity, -infinity, 0},
                                                            {0, nan, 1}}) {
      check_close(softmax(row_of(bad, dtype), 0), all_nan, 0);
      check_close(log_softmax(row_of(bad, dtype), 0), all_nan, 0);
    }
    const auto check = [&](const std::vector<double>& x, double value,
                           const std::vector<double>& gradient) {
      check_close(logsumexp(row_of(x, dtype), 0), {value}, 1e-7);
      check_close(gradient_of(row_of(x, dtype), log_sum), gradient, 1e-6);
    };
    check({-infinity, -infinity, -infinity}, -infinity, {0, 0, 0});
    check({0, infinity, 1}, infinity, {0, nan, 0});
    check({infinity, infinity, 0}, infinity, {nan, nan, 0});
    check({infinity, -infinity, 1e30}, infinity, {nan, 0, 0});
    check({0, nan, 1}, nan, all_nan);
    check({0, -infinity, 0}, std::log(2.0), {0.5, 0, 0.5});
    check_close(softmax(row_of({0, -infinity, 0}, dtype), 0), {0.5, 0, 0.5}, 0);
  }
}

TEST_CASE("core.ops.softmax.a_masked_row_leaves_the_others_alone") {
  Tensor x = Tensor::of({0, 0, -INFINITY, -INFINITY}, {2, 2}).set_requires_grad();
  const Tensor mask =
      Tensor::from(std::span<const std::uint8_t>(std::vector<std::uint8_t>{0, 1}), {2});
  sum(masked_fill(logsumexp(x, 1), mask, 0)).backward();
  CHECK(x.grad().to_vector<float>() == std::vector<float>{0.5, 0.5, 0, 0});
}

}  // namespace
}  // namespace plastic
