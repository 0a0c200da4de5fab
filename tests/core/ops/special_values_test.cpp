// Zeros with a sign, infinities, NaN, and what is tiny: the values and gradients of PyTorch 2.15.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "plastic/core/conv_algorithm.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "tests/cuda/device.h"

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

// Exponents that f32 would round: (FLT_MAX / 3)^(1/3) was off by 8 units of its last digit.
TEST_CASE("core.ops.special_values.powers_do_not_round_the_exponent") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(name_of(dtype));
    const double unit = dtype == DType::f32 ? 0x1p-23 : 0x1p-51;
    for (const double exponent : {1.0 / 3, 0.1, -0.7, 4.0 / 3}) {
      for (const double base : {1e-6, 1.134e20, 0.3}) {
        CAPTURE(exponent);
        CAPTURE(base);
        const Tensor x = single(base, dtype);
        const Tensor y = pow(x, exponent);
        y.backward();
        const double at = x.item();
        const double value = std::pow(at, exponent);
        const double slope = exponent * std::pow(at, exponent - 1);
        CHECK(std::abs(y.item() - value) <= unit * std::abs(value));
        CHECK(std::abs(x.grad().item() - slope) <= 2 * unit * std::abs(slope));
      }
    }
  }
  CHECK(pow(single(std::numeric_limits<float>::max() / 3, DType::f32), 1.0 / 3).item() ==
        4840676655104.0);
}

TEST_CASE("core.ops.special_values.leaky_relu_multiplies_zeros") {
  for (const double slope : {-0.5, 0.5, 0.0, -0.0}) {
    CAPTURE(slope);
    const auto leaky = [slope](const Tensor& x) { return leaky_relu(x, slope); };
    CHECK(gives(leaky, 0.0, std::copysign(0.0, slope), slope));
    CHECK(gives(leaky, -0.0, std::copysign(0.0, -slope), slope));
  }
  CHECK(gives([](const Tensor& x) { return leaky_relu(x, -0.5); }, -infinity, infinity, -0.5));
  CHECK(gives([](const Tensor& x) { return leaky_relu(x, -0.5); }, nan, nan, -0.5));
}

// x / ‖x‖ is ±1 also where the squares are less than the smallest number.
TEST_CASE("core.ops.special_values.gradient_of_a_tiny_norm") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const double tiny = dtype == DType::f32 ? std::numeric_limits<float>::denorm_min()
                                            : std::numeric_limits<double>::denorm_min();
    const double g = Tensor::full({}, 0.0046, {.dtype = dtype}).item();
    for (const double x : {tiny, -tiny, 3 * tiny}) {
      CAPTURE(x);
      for (const Shape& shape : {Shape{}, Shape{1}}) {
        const Tensor leaf = Tensor::full(shape, x, {.dtype = dtype}).set_requires_grad();
        const Tensor y = norm(leaf);
        CHECK(y.item() == std::abs(x));
        y.backward(Tensor::full({}, 0.0046, {.dtype = dtype}));
        CHECK(leaf.grad().item() == std::copysign(g, x));
      }
    }
  }
}

/// A gradient of 1 for the input that made a rectified NaN, through each way of computing it.
void check_rectified_nan(DType dtype, Device device) {
  const auto numbers = [=](std::vector<double> values) {
    const auto count = std::ssize(values);
    const Tensor tensor = Tensor::from(std::span<const double>(values), {count, 1}).to(dtype);
    return tensor.to(device).set_requires_grad();
  };
  const auto on_host = [](const Tensor& tensor) {
    return tensor.detach().to(Device{}).to(DType::f64).to_vector<double>();
  };
  const TensorOptions options{.dtype = dtype, .device = device};
  const std::vector<double> passed = {1, 0, 1};
  const auto check = [&](const Tensor& y, const Tensor& leaf) {
    CHECK(std::isnan(on_host(y)[0]));
    sum(y).backward();
    CHECK(on_host(leaf.grad()) == passed);
  };

  const Tensor first = numbers({nan, -1, 1});
  check(linear_relu_dropout(first, Tensor::ones({1, 1}, options)), first);
  const Tensor second = numbers({nan, -1, 1});
  check(linear_relu_dropout(second, Tensor::ones({1, 1}, options), Tensor::zeros({1}, options)),
        second);

  for (const bool with_skip : {false, true}) {
    CAPTURE(with_skip);
    const Tensor in = numbers({nan, -1, 1});
    BatchNormOptions fused{.training = false, .eps = 0, .activation = Activation::relu};
    const Tensor skip = Tensor::zeros({3, 1}, options).set_requires_grad();
    if (with_skip) fused.skip = skip;
    check(batch_norm(in, {}, {}, Tensor::zeros({1}, options), Tensor::ones({1}, options), fused),
          in);
    if (with_skip) CHECK(on_host(skip.grad()) == passed);
  }

  // One pixel each: 1×1, 3×3 of many channels, 2×2, and depthwise.
  struct Case {
    std::int64_t in, out, kernel, groups;
  };
  for (const Case& c : {Case{1, 1, 1, 1}, Case{16, 16, 3, 1}, Case{4, 4, 2, 1}, Case{8, 8, 3, 8},
                        Case{3, 8, 3, 1}}) {
    CAPTURE(c.kernel);
    CAPTURE(c.in);
    Tensor x = Tensor::ones({1, c.in, 5, 5}, options);
    x.slice(2, 4, 5).slice(3, 4, 5).fill_(nan);
    x.set_requires_grad();
    const Tensor weight = Tensor::ones({c.out, c.in / c.groups, c.kernel, c.kernel}, options);
    const Tensor y = conv2d(x, weight, {}, {.groups = c.groups, .activation = Activation::relu});
    CHECK(std::isnan(on_host(y.slice(2, -1, 6).slice(3, -1, 6).slice(1, 0, 1))[0]));
    sum(y).backward();
    CHECK(on_host(x.grad().slice(2, 4, 5).slice(3, 4, 5).slice(1, 0, 1))[0] == c.out / c.groups);
  }
}

TEST_CASE("core.ops.special_values.rectified_nan_passes_the_gradient_on") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(name_of(dtype));
    check_rectified_nan(dtype, {});
  }
}

TEST_CASE("cuda.special_values.rectified_nan_passes_the_gradient_on") {
  if (!test::has_cuda_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(name_of(dtype));
    check_rectified_nan(dtype, test::cuda_device);
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
