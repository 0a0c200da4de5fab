// Batch normalisation of values of any size, against the same in f64 and in units of 1.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace plastic {
namespace {

struct Outcome {
  std::vector<double> y, grad_x, grad_weight, grad_bias;
};

Outcome outcome_of(const Tensor& x_values, const Tensor& g, double eps, Activation activation) {
  const TensorOptions options{.dtype = x_values.dtype()};
  Tensor x = x_values.clone().set_requires_grad();
  const std::int64_t channels = x.size(1);
  Tensor weight = Tensor::full({channels}, 1.5, options).set_requires_grad();
  Tensor bias = Tensor::full({channels}, 0.25, options).set_requires_grad();
  const Tensor y = batch_norm(x, weight, bias, {}, {}, {.eps = eps, .activation = activation});
  y.backward(g.to(x.dtype()));
  const auto numbers = [](const Tensor& t) { return t.to(DType::f64).to_vector<double>(); };
  return {numbers(y), numbers(x.grad()), numbers(weight.grad()), numbers(bias.grad())};
}

void check_close(const std::vector<double>& actual, const std::vector<double>& expected,
                 double unit, double tolerance) {
  double largest = 0;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::abs(actual[i] / unit - expected[i]);
    if (!(difference <= worst)) worst = difference;
  }
  CHECK(worst <= tolerance * largest);
}

/// f32 numbers that times `unit` and plus `offset` are f32 numbers still.
Tensor numbers_of(const Shape& shape) {
  Generator generator{.seed = 8};
  return uniform(shape, -64, 64, generator).to(DType::i64).to(DType::f64);
}

TEST_CASE("core.ops.batch_norm.of_any_size") {
  Generator generator{.seed = 9};
  for (const Shape& shape : {Shape{50, 3}, Shape{6, 20, 3, 3}}) {
    const Tensor base = numbers_of(shape);
    const Tensor g = uniform(shape, -1, 1, generator, DType::f64);
    const auto check = [&](DType dtype, double unit, double offset, double eps, double tolerance) {
      CAPTURE(unit);
      CAPTURE(offset);
      for (const Activation activation : {Activation::none, Activation::relu}) {
        const Outcome expected = outcome_of(base, g, eps / (unit * unit), activation);
        const Tensor x = (base * unit + offset).to(dtype);
        const Outcome actual = outcome_of(x, g, eps, activation);
        check_close(actual.y, expected.y, 1, tolerance);
        check_close(actual.grad_x, expected.grad_x, 1 / unit, tolerance);
        check_close(actual.grad_weight, expected.grad_weight, 1, tolerance);
        check_close(actual.grad_bias, expected.grad_bias, 1, tolerance);
      }
    };
    check(DType::f32, 1, 0, 1e-5, 1e-6);
    check(DType::f32, 0x1p64, 0, 1e-5, 1e-6);
    check(DType::f32, 0x1p100, 0, 1e-5, 1e-6);
    check(DType::f32, 0x1p-60, 0, 1e-5, 1e-6);
    check(DType::f32, 0x1p-100, 0, 1e-5, 1e-6);
    check(DType::f32, 0x1p-100, 0, 0, 1e-6);
    // A mean that f32 rounds, beside which the deviations are small.
    check(DType::f32, 0x1p-4, 1e6, 1e-5, 2e-6);
    check(DType::f32, 1, -16'000'000, 1e-5, 2e-6);
    check(DType::f64, 1, 0x1p20, 1e-5, 1e-11);
    check(DType::f64, 0x1p400, 0, 1e-5, 1e-14);
  }
}

// One value far off, where the sums begin, must not cost the others their digits.
TEST_CASE("core.ops.batch_norm.an_outlier_in_the_first_row") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(name_of(dtype));
    const double far = dtype == DType::f32 ? 1e8 : 1e14;
    constexpr std::int64_t rows = 10'001;
    Tensor x = Tensor::ones({rows, 2}, {.dtype = dtype});
    x.slice(0, 0, 1).fill_(far);
    const Tensor mean = Tensor::zeros({2}, {.dtype = dtype});
    const Tensor variance = Tensor::zeros({2}, {.dtype = dtype});
    batch_norm(x, {}, {}, mean, variance, {.momentum = 1});
    const double expected = 1 + (far - 1) / rows;
    const double digits = dtype == DType::f32 ? 1e-7 : 1e-15;
    const double square = (far - 1) * (far - 1) / rows;
    for (std::int64_t c = 0; c < 2; ++c) {
      CHECK(std::abs(mean.slice(0, c, c + 1).clone().item() - expected) <= digits * expected);
      CHECK(std::abs(variance.slice(0, c, c + 1).clone().item() - square) <= 2 * digits * square);
    }
  }
}

// Equal numbers have themselves as their mean, and a variance of 0, however many they are.
TEST_CASE("core.ops.batch_norm.of_equal_numbers") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(name_of(dtype));
    for (const double value : {0.1, 1.0 / 3, -1e-5, 123456.789, 1e30}) {
      for (const std::int64_t rows : {3, 16, 1000, 70'001}) {
        CAPTURE(value);
        CAPTURE(rows);
        const Tensor x = Tensor::full({1, 2}, value, {.dtype = dtype});
        const Tensor mean = Tensor::zeros({2}, {.dtype = dtype});
        const Tensor variance = Tensor::zeros({2}, {.dtype = dtype});
        const Tensor y =
            batch_norm(x.expand({rows, 2}), {}, {}, mean, variance, {.momentum = 1, .eps = 1e-30});
        CHECK(mean.slice(0, 1, 2).clone().item() == x.slice(1, 1, 2).clone().item());
        CHECK(variance.slice(0, 1, 2).clone().item() == 0);
        CHECK(sum(abs(y)).item() == 0);
      }
    }
  }
}

// Gradients that cancel: f32 would lose the ones beside 1e8.
TEST_CASE("core.ops.batch_norm.gradient_sums_do_not_drift") {
  constexpr std::int64_t rows = 4000;
  std::vector<float> terms;
  for (std::int64_t i = 0; i < rows; ++i) {
    terms.push_back(i % 4 == 0 ? 1e8F : i % 4 == 2 ? -1e8F : 1.0F);
  }
  const Tensor g = Tensor::from<float>(terms, {rows, 1});
  Generator generator{.seed = 1};
  const Tensor x = normal({rows, 1}, 0, 1, generator);
  Tensor bias = Tensor::zeros({1}).set_requires_grad();
  batch_norm(x, {}, bias, {}, {}).backward(g);
  CHECK(bias.grad().item() == rows / 2);
}

}  // namespace
}  // namespace plastic
