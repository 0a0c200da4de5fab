// Zeros with a sign, infinities, NaN, and what is tiny: the values and gradients of PyTorch 2.15.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "plastic/core/conv_algorithm.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace plastic {
namespace {

using Function = std::function<Tensor(const Tensor&)>;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Tensor single(double value, DType dtype) {
  return Tensor::full({1}, value, {.dtype = dtype}).set_requires_grad();
}

/// Equal, zeros in their sign too; NaN equals NaN.
bool same(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b && std::signbit(a) == std::signbit(b);
}

/// Whether a function has a value and a gradient at x, in f32 and f64; in vectors too, whose loops
/// are others.
bool gives(const Function& function, double x, double value, double gradient) {
  bool right = true;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const std::int64_t count : {1, 37}) {
      const Tensor leaf = Tensor::full({count}, x, {.dtype = dtype}).set_requires_grad();
      const Tensor y = function(leaf);
      sum(y).backward();
      for (const double result : y.detach().to(DType::f64).to_vector<double>()) {
        right = right && same(result, value);
      }
      for (const double result : leaf.grad().to(DType::f64).to_vector<double>()) {
        right = right && same(result, gradient);
      }
    }
  }
  return right;
}

TEST_CASE("core.ops.special_values.zeros_keep_their_sign") {
  CHECK(gives([](const Tensor& x) { return abs(x); }, -0.0, 0.0, 0.0));
  CHECK(gives([](const Tensor& x) { return -x; }, 0.0, -0.0, -1));
  CHECK(gives([](const Tensor& x) { return x * 2; }, -0.0, -0.0, 2));
  CHECK(gives([](const Tensor& x) { return x * -2.0; }, 0.0, -0.0, -2));
  CHECK(gives([](const Tensor& x) { return x * 0.0; }, -3, -0.0, 0.0));
  CHECK(gives([](const Tensor& x) { return x * -0.0; }, 3, -0.0, -0.0));
  CHECK(gives([](const Tensor& x) { return x / 2.0; }, -0.0, -0.0, 0.5));
  CHECK(gives([](const Tensor& x) { return x / -infinity; }, 3, -0.0, -0.0));
  CHECK(gives([](const Tensor& x) { return x + 0.0; }, -0.0, 0.0, 1));
  CHECK(gives([](const Tensor& x) { return x + -0.0; }, -0.0, -0.0, 1));
  CHECK(gives([](const Tensor& x) { return x - 0.0; }, -0.0, -0.0, 1));
  CHECK(gives([](const Tensor& x) { return relu(x); }, -0.0, -0.0, 0.0));
  CHECK(gives([](const Tensor& x) { return clamp(x, 0, 1); }, -0.0, -0.0, 0.0));
  CHECK(gives([](const Tensor& x) { return sqrt(x); }, -0.0, -0.0, -infinity));
  CHECK(gives([](const Tensor& x) { return sin(x); }, -0.0, -0.0, 1));
  CHECK(gives([](const Tensor& x) { return tanh(x); }, -0.0, -0.0, 1));
  for (const DType dtype : {DType::f32, DType::f64}) {
    CHECK(same(sign(single(-0.0, dtype)).item(), 0.0));
    CHECK(same(single(-0.0, dtype).detach().add_(-0.0).item(), -0.0));
    CHECK(same(Tensor::full({1}, -0.0, {.dtype = dtype}).item(), -0.0));
  }
}

TEST_CASE("core.ops.special_values.division") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const double tiny = dtype == DType::f32 ? std::numeric_limits<float>::denorm_min()
                                            : std::numeric_limits<double>::denorm_min();
    const auto gradients = [&](double a, double b) {
      const Tensor x = single(a, dtype);
      const Tensor y = single(b, dtype);
      (x / y).backward();
      return std::pair(x.grad().item(), y.grad().item());
    };
    const auto [dx, dy] = gradients(0, tiny);
    CHECK(same(dx, infinity));
    CHECK(same(dy, -0.0));
    CHECK(same(gradients(tiny, tiny).second, -infinity));
    CHECK(std::isnan(gradients(0, 0).second));
    CHECK(same(gradients(1, infinity).second, -0.0));
  }
}

TEST_CASE("core.ops.special_values.nan_and_infinities") {
  CHECK(gives([](const Tensor& x) { return relu(x); }, nan, nan, 1));
  CHECK(gives([](const Tensor& x) { return relu(x); }, -infinity, 0.0, 0.0));
  CHECK(gives([](const Tensor& x) { return relu(x); }, infinity, infinity, 1));
  CHECK(gives([](const Tensor& x) { return leaky_relu(x, 0.25); }, nan, nan, 0.25));
  CHECK(gives([](const Tensor& x) { return leaky_relu(x, 0.25); }, -infinity, -infinity, 0.25));
  CHECK(gives([](const Tensor& x) { return abs(x); }, nan, nan, 0.0));
  CHECK(gives([](const Tensor& x) { return abs(x); }, -infinity, infinity, -1));
  CHECK(gives([](const Tensor& x) { return clamp(x, -1, 1); }, nan, nan, 0.0));
  CHECK(gives([](const Tensor& x) { return clamp(x, -1, 1); }, infinity, 1, 0.0));
  CHECK(gives([](const Tensor& x) { return clamp(x, -infinity, 1); }, -infinity, -infinity, 0.0));
  CHECK(gives([](const Tensor& x) { return exp(x); }, -infinity, 0.0, 0.0));
  CHECK(gives([](const Tensor& x) { return log(x); }, 0.0, -infinity, infinity));
  CHECK(gives([](const Tensor& x) { return log(x); }, -0.0, -infinity, -infinity));
  CHECK(gives([](const Tensor& x) { return sqrt(x); }, 0.0, 0.0, infinity));
  CHECK(gives([](const Tensor& x) { return rsqrt(x); }, 0.0, infinity, -infinity));
  CHECK(gives([](const Tensor& x) { return rsqrt(x); }, infinity, 0.0, -0.0));
  CHECK(gives([](const Tensor& x) { return sigmoid(x); }, -infinity, 0.0, 0.0));
  CHECK(gives([](const Tensor& x) { return sigmoid(x); }, infinity, 1, 0.0));
  CHECK(gives([](const Tensor& x) { return tanh(x); }, infinity, 1, 0.0));
  CHECK(gives([](const Tensor& x) { return softplus(x); }, -infinity, 0.0, 0.0));
  CHECK(gives([](const Tensor& x) { return softplus(x); }, infinity, infinity, 1));
  CHECK(gives([](const Tensor& x) { return silu(x); }, -infinity, nan, nan));
  for (const DType dtype : {DType::f32, DType::f64}) CHECK(sign(single(nan, dtype)).item() == 0);
}

TEST_CASE("core.ops.special_values.powers") {
  const auto power = [](double exponent) {
    return [exponent](const Tensor& x) { return pow(x, exponent); };
  };
  CHECK(gives(power(0), nan, 1, 0.0));
  CHECK(gives(power(2), -0.0, 0.0, -0.0));
  CHECK(gives(power(3), -infinity, -infinity, infinity));
  CHECK(gives(power(0.5), -0.0, -0.0, -infinity));
  CHECK(gives(power(0.5), -infinity, nan, nan));
  CHECK(gives(power(-0.5), 0.0, infinity, -infinity));
  CHECK(gives(power(-0.5), -infinity, nan, -0.0));
  CHECK(gives(power(1.5), -infinity, infinity, nan));
  CHECK(gives(power(-1), -0.0, -infinity, -infinity));
}

/// A gradient of 1 for the input that made a rectified NaN, through each way of computing it.
TEST_CASE("core.ops.special_values.rectified_nan_passes_the_gradient_on") {
  const float bad = std::numeric_limits<float>::quiet_NaN();
  const auto gradient = [](const Tensor& leaf) { return leaf.grad().to_vector<float>(); };

  Tensor x = Tensor::of({bad, -1, 1}, {3, 1}).set_requires_grad();
  const Tensor y = linear_relu_dropout(x, Tensor::ones({1, 1}));
  CHECK(std::isnan(y.to_vector<float>()[0]));
  sum(y).backward();
  CHECK(gradient(x) == std::vector<float>{1, 0, 1});

  for (const bool with_skip : {false, true}) {
    CAPTURE(with_skip);
    Tensor in = Tensor::of({bad, -1, 1}, {3, 1}).set_requires_grad();
    BatchNormOptions options{.training = false, .eps = 0, .activation = Activation::relu};
    Tensor skip = Tensor::zeros({3, 1}).set_requires_grad();
    if (with_skip) options.skip = skip;
    const Tensor normalised =
        batch_norm(in, {}, {}, Tensor::zeros({1}), Tensor::ones({1}), options);
    CHECK(std::isnan(normalised.to_vector<float>()[0]));
    sum(normalised).backward();
    CHECK(gradient(in) == std::vector<float>{1, 0, 1});
    if (with_skip) CHECK(gradient(skip) == std::vector<float>{1, 0, 1});
  }
}

TEST_CASE("core.ops.special_values.convolutions_rectify_nan_alike") {
  const float bad = std::numeric_limits<float>::quiet_NaN();
  // One pixel each: 1×1, 3×3 of many channels, 2×2, and depthwise.
  struct Case {
    std::int64_t in, out, kernel, groups;
  };
  for (const Case& c : {Case{1, 1, 1, 1}, Case{16, 16, 3, 1}, Case{4, 4, 2, 1}, Case{8, 8, 3, 8},
                        Case{3, 8, 3, 1}}) {
    CAPTURE(c.kernel);
    CAPTURE(c.in);
    Tensor x = Tensor::ones({1, c.in, 5, 5});
    x.slice(2, 4, 5).slice(3, 4, 5).fill_(bad);
    x.set_requires_grad();
    const Tensor weight = Tensor::ones({c.out, c.in / c.groups, c.kernel, c.kernel});
    const Tensor y = conv2d(x, weight, {}, {.groups = c.groups, .activation = Activation::relu});
    CHECK(std::isnan(y.slice(2, -1, 6).slice(3, -1, 6).slice(1, 0, 1).item()));
    sum(y).backward();
    CHECK(x.grad().slice(2, 4, 5).slice(3, 4, 5).slice(1, 0, 1).item() == c.out / c.groups);
  }
}

TEST_CASE("core.ops.special_values.pooling_and_extremes_keep_nan") {
  const float bad = std::numeric_limits<float>::quiet_NaN();
  Tensor x = Tensor::of({1, bad, 3, 2}, {1, 1, 2, 2}).set_requires_grad();
  const Tensor y = max_pool2d(x);
  CHECK(std::isnan(y.item()));
  y.backward();
  CHECK(x.grad().to_vector<float>() == std::vector<float>{0, 1, 0, 0});
  CHECK(std::isnan(avg_pool2d(x).item()));
  Tensor line = Tensor::of({1, bad, 3, bad}, {4}).set_requires_grad();
  max(line).backward();
  min(line).backward();
  CHECK(line.grad().to_vector<float>() == std::vector<float>{0, 2, 0, 0});
  CHECK(argmax(line, 0).item() == 1);
  CHECK(argmin(line, 0).item() == 1);
}

}  // namespace
}  // namespace plastic
