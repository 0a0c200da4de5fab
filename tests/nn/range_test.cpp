// Losses and LayerNorm at the ends of the dtype's range.
#include <doctest/doctest.h>

#include <cfloat>
#include <cmath>
#include <limits>
#include <vector>

#include "plastic/core/flush_denormals.h"
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

// PyTorch 2.15's values. The gradient of the target is -x, times the positives' weight below 0.
TEST_CASE("nn.loss.bce_gradient_of_the_target_at_infinite_logits") {
  const double inf = std::numeric_limits<double>::infinity();
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Tensor x = Tensor::of({-1, 1}, {2}).to(dtype) * Number(inf);
    for (const double pos_weight : {0.5, 1.0, 3.0}) {
      CAPTURE(pos_weight);
      const Tensor t = Tensor::full({2}, 0.3, {.dtype = dtype}).set_requires_grad();
      bce_with_logits_loss(x, t,
                           {.pos_weight = Tensor::full({1}, pos_weight, {.dtype = dtype}),
                            .reduction = Reduction::sum})
          .backward();
      CHECK(t.grad().to(DType::f64).to_vector<double>() == std::vector<double>{inf, -inf});
    }
  }
}

TEST_CASE("nn.loss.bce_gradient_of_the_target") {
  struct Case {
    double pos_weight, x, expected;
  };
  const double log_2 = std::log(2.0);
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(name_of(dtype));
    for (const Case& c :
         {Case{1, 1e-20, -1e-20}, Case{1, -3e-8, 3e-8}, Case{1, 1e-3, -1e-3}, Case{1, 0.3, -0.3},
          Case{1, 30, -30}, Case{1, -800, 800}, Case{2, 1e-20, log_2}, Case{2, 30, -30},
          Case{2, -800, 1600}, Case{0.5, 1e-20, -log_2 / 2}, Case{0.5, -800, 400}}) {
      CAPTURE(c.pos_weight);
      CAPTURE(c.x);
      Tensor x = Tensor::full({1}, c.x, {.dtype = dtype}).set_requires_grad();
      Tensor t = Tensor::full({1}, 0.3, {.dtype = dtype}).set_requires_grad();
      BceWithLogitsOptions options;
      // Once without a weight.
      if (c.pos_weight != 1) {
        options.pos_weight = Tensor::full({1}, c.pos_weight, {.dtype = dtype});
      }
      for (int i = 0; i < (c.pos_weight == 1 ? 2 : 1); ++i) {
        x.zero_grad();
        t.zero_grad();
        bce_with_logits_loss(x, t, options).backward();
        CHECK(t.grad().item() == near(c.expected));
        const double positive = 1 / (1 + std::exp(-c.x));
        const double slope = 0.7 * positive - 0.3 * c.pos_weight / (1 + std::exp(c.x));
        CHECK(x.grad().item() == doctest::Approx(slope).epsilon(2e-6).scale(0));
        options.pos_weight = Tensor::ones({1}, {.dtype = dtype});
      }
    }
  }
}

TEST_CASE("nn.loss.bce_of_infinite_logits") {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const DType dtype : {DType::f32, DType::f64}) {
    const std::vector<double> logits = {infinity, -infinity, infinity, -infinity};
    const std::vector<double> targets = {0, 1, 0.5, 0.5};
    Tensor x = Tensor::from(std::span<const double>(logits), {4}).to(dtype).set_requires_grad();
    const Tensor t = Tensor::from(std::span<const double>(targets), {4}).to(dtype);
    const Tensor y = bce_with_logits_loss(x, t, {.reduction = Reduction::none});
    CHECK(y.detach().to(DType::f64).to_vector<double>() == std::vector<double>(4, infinity));
    sum(y).backward();
    check_close(x.grad(), {1, -1, 0.5, -0.5}, 0);
  }
}

// PyTorch 2.15's: a row that is not a number is one in every gradient, others are left alone.
TEST_CASE("nn.loss.smoothed_cross_entropy_of_rows_that_are_not_finite") {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(name_of(dtype));
    const std::vector<double> logits = {1, 2,         3, nan, 1,         2,         infinity, 1,
                                        2, -infinity, 1, 2,   -infinity, -infinity, -infinity};
    for (const Reduction reduction : {Reduction::none, Reduction::mean}) {
      Tensor x =
          Tensor::from(std::span<const double>(logits), {5, 3}).to(dtype).set_requires_grad();
      const Tensor y = cross_entropy_loss(x, labels({0, 0, 0, 1, 0}),
                                          {.label_smoothing = 0.1, .reduction = reduction});
      sum(y).backward();
      const double share = reduction == Reduction::mean ? 0.2 : 1;
      const std::vector<double> grad = x.grad().to(DType::f64).to_vector<double>();
      for (const std::size_t row : {1U, 2U, 4U}) {
        for (std::size_t j = 0; j < 3; ++j) CHECK(std::isnan(grad[3 * row + j]));
      }
      const std::vector<double> finite = {-0.84330276, 0.21139514,  0.63190762,
                                          -0.03333333, -0.66439191, 0.69772525};
      for (std::size_t j = 0; j < 6; ++j) {
        const double value = grad[j < 3 ? j : j + 6];
        CHECK(value == doctest::Approx(share * finite[j]).epsilon(1e-6));
      }
      if (reduction == Reduction::mean) {
        CHECK(std::isnan(y.item()));
        continue;
      }
      const std::vector<double> losses = y.detach().to(DType::f64).to_vector<double>();
      CHECK(losses[0] == near(2.30760596444438));
      CHECK(losses[3] == infinity);
      for (const std::size_t row : {1U, 2U, 4U}) CHECK(std::isnan(losses[row]));
    }
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
  // The gradients of the largest are denormal.
  const FlushDenormals keep(false);
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
