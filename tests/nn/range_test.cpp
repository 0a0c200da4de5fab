// Losses and LayerNorm at the ends of the dtype's range.
#include <doctest/doctest.h>

#include <cfloat>
#include <cmath>
#include <limits>
#include <vector>

#include "plastic/core/ops.h"
#include "plastic/nn/layer_norm.h"
#include "plastic/nn/loss.h"

namespace plastic::nn {
namespace {

Tensor labels(const std::vector<std::int64_t>& values) {
  return Tensor::from(std::span<const std::int64_t>(values),
                      {static_cast<std::int64_t>(values.size())});
}

doctest::Approx near(double x) { return doctest::Approx(x).epsilon(3e-7).scale(0); }

void check_close(const Tensor& actual, const std::vector<double>& expected, double tolerance) {
  const std::vector<double> values = actual.to(DType::f64).to_vector<double>();
  REQUIRE(values.size() == expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(values[i] - expected[i]) <= tolerance * std::abs(expected[i]));
  }
}

TEST_CASE("nn.loss.squares_that_do_not_fit") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(name_of(dtype));
    // The square of the one difference is too large or too small for the dtype, the loss is not.
    const double large = dtype == DType::f32 ? 2e19 : 2e154;
    std::vector<double> values(1000, 0);
    values[3] = large;
    Tensor x = Tensor::from(std::span<const double>(values), {1000}).to(dtype).set_requires_grad();
    Tensor t = Tensor::zeros({1000}, {.dtype = dtype}).set_requires_grad();
    const Tensor loss = mse_loss(x, t);
    CHECK(loss.item() == near(large * (large / 1000)));
    loss.backward();
    CHECK(x.grad().slice(0, 3, 4).clone().item() == near(large / 500));
    CHECK(t.grad().slice(0, 3, 4).clone().item() == near(-large / 500));
    const double small = dtype == DType::f32 ? 1e-23 : 1e-163;
    const Tensor many = Tensor::full({1'000'000}, small, {.dtype = dtype});
    const Tensor zeros = Tensor::zeros({1'000'000}, {.dtype = dtype});
    if (dtype == DType::f32) {
      CHECK(mse_loss(many, zeros, Reduction::sum).item() ==
            doctest::Approx(1e-40).epsilon(1e-4).scale(0));
    }
  }
}

// log(1 + e^-10), of which f32's rounding of 1 + e^-10 leaves three digits.
TEST_CASE("nn.loss.composed_cross_entropy_keeps_its_digits") {
  const double small = std::log1p(std::exp(-10.0));
  const Tensor logits = Tensor::of({1000, 990}, {1, 2});
  const Tensor target = labels({0});
  CHECK(cross_entropy_loss(logits, target).item() == near(small));
  CHECK(cross_entropy_loss(logits, target, {.ignore_index = -100}).item() == near(small));
  CHECK(cross_entropy_loss(logits, target, {.weight = Tensor::of({3, 1}, {2})}).item() ==
        near(small));
  CHECK(cross_entropy_loss(logits, target, {.label_smoothing = 0.1}).item() ==
        near(0.95 * small + 0.05 * (10 + small)));
  for (const float logit : {1e4F, 1e8F, FLT_MAX, -FLT_MAX}) {
    Tensor equal = Tensor::full({2, 2}, logit).set_requires_grad();
    const Tensor loss =
        cross_entropy_loss(equal, labels({0, 1}), {.ignore_index = 1, .label_smoothing = 0.1});
    CHECK(loss.item() == near(std::log(2.0)));
    loss.backward();
    check_close(equal.grad(), {-0.45, 0.45, 0, 0}, 3e-7);
  }
}

TEST_CASE("nn.loss.means_of_what_does_not_fit_as_a_sum") {
  const Tensor scores = Tensor::full({4, 2}, -2e38);
  const Tensor weight = Tensor::of({1, 1}, {2});
  CHECK(nll_loss(scores, labels({0, 1, 0, 1}), {.weight = weight}).item() == near(2e38));
  CHECK(nll_loss(scores, labels({0, 1, 0, 1}), {.ignore_index = 1}).item() == near(2e38));
  // The mean over classes of label smoothing.
  Tensor masked = Tensor::full({1, 8}, -1e38);
  masked.slice(1, 0, 1).fill_(0);
  CHECK(cross_entropy_loss(masked, labels({0}), {.label_smoothing = 0.5}).item() ==
        near(0.5 * 7e38 / 8));
  CHECK(std::isnan(nll_loss(Tensor::zeros({0, 2}), labels({}), {.weight = weight}).item()));
}

TEST_CASE("nn.layer_norm.of_any_size") {
  const std::vector<double> base = {1, 2, 3, 5};
  const double deviation = std::sqrt(2.1875);
  std::vector<double> normal;
  for (const double x : base) normal.push_back((x - 2.75) / deviation);
  // dy₀/dx: r·(δ₀ - 1/n - y₀·y/n).
  std::vector<double> slope;
  for (std::size_t i = 0; i < 4; ++i) {
    slope.push_back((i == 0 ? 1 : 0) - 0.25 - normal[0] * normal[i] / 4);
  }
  const auto check = [&](DType dtype, double unit, double offset, double eps, double tolerance) {
    CAPTURE(unit);
    CAPTURE(offset);
    std::vector<double> values;
    for (const double x : base) values.push_back(x * unit + offset);
    Tensor x = Tensor::from(std::span<const double>(values), {4}).to(dtype).set_requires_grad();
    LayerNorm layer({4}, {.eps = eps, .affine = false});
    const Tensor y = layer.forward(x);
    // What eps leaves of it.
    const double deviation_in_units = unit * deviation;
    const double shrunk =
        deviation_in_units / std::sqrt(deviation_in_units * deviation_in_units + eps);
    std::vector<double> expected, expected_gradient;
    for (std::size_t i = 0; i < 4; ++i) {
      expected.push_back(normal[i] * shrunk);
      const double along = normal[0] * normal[i] / 4 * shrunk * shrunk;
      expected_gradient.push_back(((i == 0 ? 1 : 0) - 0.25 - along) * shrunk / deviation_in_units);
    }
    check_close(y, expected, tolerance);
    sum(y.slice(0, 0, 1)).backward();
    check_close(x.grad(), expected_gradient, 4 * tolerance);
  };
  for (const double unit : {1.0, 1e19, 1e30, 5e37}) check(DType::f32, unit, 0, 1e-5, 1e-6);
  for (const double unit : {1e-10, 1e-30}) check(DType::f32, unit, 0, 1e-5, 1e-6);
  check(DType::f32, 1e-30, 0, 0, 1e-6);
  // Deviations beside a large mean that f32 cannot hold.
  check(DType::f32, 0.125, 1e6, 1e-5, 1e-6);
  check(DType::f32, 1, 16777200, 1e-5, 1e-6);
  check(DType::f64, 1, 1e15, 1e-5, 1e-14);
  check(DType::f64, 1e100, 0, 1e-5, 1e-14);
}

}  // namespace
}  // namespace plastic::nn
