#include <doctest/doctest.h>

#include <cmath>

#include "core/device/backend.h"
#include "core/tensor/layout.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace plastic {
namespace {

void check_close(const Tensor& actual, const std::vector<float>& expected) {
  const std::vector<float> values = actual.to_vector<float>();
  REQUIRE(values.size() == expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    CHECK(std::abs(values[i] - expected[i]) <= 2e-6F * (1 + std::abs(expected[i])));
  }
}

Tensor leaf(std::initializer_list<float> values, const Shape& shape) {
  return Tensor::of(values, shape).set_requires_grad();
}

// The numbers are PyTorch 1.13's.
TEST_CASE("core.ops.batch_norm.torch") {
  const Shape shape = {2, 2, 1, 2};
  Tensor x = leaf({1, 2, 4, -1, 0.5, 0, 3, 2}, shape);
  Tensor weight = leaf({1.5, -2}, {2});
  Tensor bias = leaf({0.5, 0.25}, {2});
  Tensor skip = leaf({0.5, -2, 1, 0, 1, 1, -3, 2}, shape);
  const Tensor mean = Tensor::of({0.5, 1}, {2});
  const Tensor var = Tensor::of({2, 0.5}, {2});
  const Tensor g = Tensor::of({1, 2, 3, 4, 5, 6, 7, 8}, shape);

  const Tensor y = batch_norm(x, weight, bias, mean, var,
                              {.eps = 0.1, .skip = skip, .activation = Activation::relu});
  check_close(y, {1.233126F, 0.5981359F, 0, 3.412278F, 0.8006213F, 0, 0, 2.25F});
  check_close(mean, {0.5375F, 1.1F});
  check_close(var, {1.872917F, 0.9166666F});
  y.backward(g);
  check_close(x.grad(), {-1.910058F, -0.4054369F, 1.405457F, 1.581139F, 5.730175F, -3.41468F,
                         2.283867F, -5.270463F});
  check_close(weight.grad(), {0.6216699F, -6.324555F});
  check_close(bias.grad(), {8, 12});
  check_close(skip.grad(), {1, 2, 0, 4, 5, 0, 0, 8});

  for (Tensor* t : {&x, &weight, &bias}) t->zero_grad();
  const Tensor z = batch_norm(x, weight, bias, mean, var, {.training = false, .eps = 0.1});
  check_close(z, {0.993911F, 2.061826F, -5.502263F, 4.415432F, 0.4599532F, -0.07400458F, -3.518724F,
                  -1.535185F});
  z.backward(g);
  check_close(x.grad(), {1.067916F, 2.135831F, -5.950617F, -7.934155F, 5.339578F, 6.407494F,
                         -13.88477F, -15.86831F});
  check_close(weight.grad(), {-0.01779815F, 20.62881F});
  check_close(bias.grad(), {14, 22});
  // Evaluation has left the statistics as they were.
  check_close(mean, {0.5375F, 1.1F});
}

TEST_CASE("core.ops.batch_norm.fused_equals_apart") {
  Generator generator{.seed = 3};
  const Shape shape = {3, 20, 7, 5};
  const Tensor g = uniform(shape, -1, 1, generator);
  std::vector<Tensor> inputs[2];
  Tensor results[2];
  for (int fused = 0; fused < 2; ++fused) {
    Generator same{.seed = 5};
    std::vector<Tensor>& in = inputs[fused];
    for (const Shape& s : {shape, Shape{20}, Shape{20}, shape}) {
      in.push_back(uniform(s, -1, 1, same).set_requires_grad());
    }
    if (fused == 1) {
      results[1] =
          batch_norm(in[0], in[1], in[2], {}, {}, {.skip = in[3], .activation = Activation::relu});
    } else {
      results[0] = relu(batch_norm(in[0], in[1], in[2], {}, {}) + in[3]);
    }
    results[fused].backward(g);
  }
  check_close(results[1], results[0].to_vector<float>());
  for (std::size_t i = 0; i < 4; ++i) {
    check_close(inputs[1][i].grad(), inputs[0][i].grad().to_vector<float>());
  }
  CHECK(is_channels_last(results[1]));
}

TEST_CASE("core.ops.batch_norm.large_mean_keeps_the_variance") {
  Generator generator{.seed = 6};
  const Tensor x = normal({4000, 3}, 0, 1, generator);
  const Tensor far = x + 1000.0;
  const Tensor near_mean = Tensor::zeros({3});
  const Tensor near_var = Tensor::zeros({3});
  const Tensor far_mean = Tensor::zeros({3});
  const Tensor far_var = Tensor::zeros({3});
  batch_norm(x, {}, {}, near_mean, near_var, {.momentum = 1});
  batch_norm(far, {}, {}, far_mean, far_var, {.momentum = 1});
  for (std::int64_t c = 0; c < 3; ++c) {
    CHECK(far_mean.slice(0, c, c + 1).item() ==
          doctest::Approx(1000 + near_mean.slice(0, c, c + 1).item()).epsilon(1e-7));
    CHECK(far_var.slice(0, c, c + 1).item() ==
          doctest::Approx(near_var.slice(0, c, c + 1).item()).epsilon(1e-4));
    CHECK(near_var.slice(0, c, c + 1).item() ==
          doctest::Approx(var(x, {0}).slice(0, c, c + 1).item()).epsilon(1e-6));
  }
}

// By operations that round after every step.
TEST_CASE("core.ops.batch_norm.running_statistics_are_rounded_step_by_step") {
  Generator generator{.seed = 8};
  constexpr std::int64_t channels = 1000;
  const auto draw = [&](DType dtype) {
    return uniform({channels}, 0, 2, generator, DType::f64).to(dtype).clone();
  };
  const Tensor mean = draw(DType::f64);
  const Tensor variance = draw(DType::f64);
  const double bessel = 33.0 / 32.0;
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const double momentum : {0.0, 0.1, 0.3, 1.0}) {
      CAPTURE(name_of(dtype));
      CAPTURE(momentum);
      const Tensor running_mean = draw(dtype);
      const Tensor running_var = draw(dtype);
      const auto moved = [&](const Tensor& running, const Tensor& value) {
        return (running.to(DType::f64) * (1 - momentum) + value * momentum).to(dtype);
      };
      const Tensor expected_mean = moved(running_mean, mean);
      const Tensor expected_var = moved(running_var, variance * bessel);
      backend({}).batch_norm_running({.dtype = dtype,
                                      .channels = channels,
                                      .momentum = momentum,
                                      .bessel = bessel,
                                      .mean = mean.data<double>(),
                                      .variance = variance.data<double>(),
                                      .running_mean = memory(running_mean),
                                      .running_var = memory(running_var)});
      const auto values = [](const Tensor& t) { return t.to(DType::f64).to_vector<double>(); };
      CHECK(values(running_mean) == values(expected_mean));
      CHECK(values(running_var) == values(expected_var));
    }
  }
}

TEST_CASE("core.ops.batch_norm.running_statistics_of_any_strides") {
  Generator generator{.seed = 8};
  const Tensor x = uniform({5, 3, 2, 2}, -1, 1, generator);
  const Tensor dense[] = {Tensor::zeros({3}), Tensor::ones({3})};
  const Tensor both = Tensor::zeros({3, 2});
  const Tensor strided[] = {both.slice(1, 0, 1).squeeze(1), both.slice(1, 1, 2).squeeze(1)};
  strided[1].detach().fill_(1);
  batch_norm(x, {}, {}, dense[0], dense[1]);
  const std::uint64_t before = both.version();
  batch_norm(x, {}, {}, strided[0], strided[1]);
  CHECK(both.version() > before);
  for (const int i : {0, 1}) CHECK(strided[i].to_vector<float>() == dense[i].to_vector<float>());
}

TEST_CASE("core.ops.batch_norm.empty_batch_leaves_the_statistics") {
  const Tensor mean = Tensor::of({1, 2}, {2});
  const Tensor var = Tensor::of({3, 4}, {2});
  const Tensor weight = Tensor::ones({2}).set_requires_grad();
  const Tensor y = batch_norm(Tensor::ones({0, 2, 3, 3}), weight, {}, mean, var);
  CHECK(y.shape() == Shape{0, 2, 3, 3});
  CHECK(mean.to_vector<float>() == std::vector<float>{1, 2});
  CHECK(var.to_vector<float>() == std::vector<float>{3, 4});
  y.backward(Tensor::ones(y.shape()));
  CHECK(weight.grad().to_vector<float>() == std::vector<float>{0, 0});
}

TEST_CASE("core.ops.batch_norm.nan_is_not_hidden") {
  Tensor x = Tensor::ones({2, 1, 2, 2});
  x.mutable_data<float>()[1] = NAN;
  const Tensor y = batch_norm(x, {}, {}, {}, {}, {.activation = Activation::relu});
  for (const float value : y.to_vector<float>()) CHECK(std::isnan(value));
}

TEST_CASE("core.ops.batch_norm.same_bits_for_any_number_of_threads") {
  Generator generator{.seed = 9};
  const int before = num_threads();
  const Tensor values = uniform({16, 24, 13, 11}, -1, 1, generator);
  std::vector<float> results[2];
  for (int i = 0; i < 2; ++i) {
    set_num_threads(i == 0 ? 1 : 3);
    Tensor x = values.clone().set_requires_grad();
    batch_norm(x, {}, {}, {}, {}, {.activation = Activation::relu}).backward(values);
    results[i] = x.grad().to_vector<float>();
  }
  set_num_threads(before);
  CHECK(results[0] == results[1]);
}

TEST_CASE("core.ops.batch_norm.errors") {
  const Tensor x = Tensor::ones({2, 3, 4, 4});
  const Tensor three = Tensor::ones({3});
  CHECK_THROWS_WITH_AS(batch_norm(x, Tensor::ones({4}), {}, {}, {}),
                       "[batch_norm] weight (4,) does not fit input (2, 3, 4, 4); needs (3,)",
                       Error);
  CHECK_THROWS_WITH_AS(batch_norm(Tensor::ones({1, 3, 1, 1}), {}, {}, {}, {}),
                       doctest::Contains("more than one value a channel, got input (1, 3, 1, 1)"),
                       Error);
  CHECK_THROWS_WITH_AS(batch_norm(x, {}, {}, {}, {}, {.training = false}),
                       doctest::Contains("needs a running mean"), Error);
  CHECK_THROWS_WITH_AS(batch_norm(x, {}, {}, three, {}), doctest::Contains("both or none"), Error);
  CHECK_THROWS_WITH_AS(batch_norm(x, {}, {}, {}, {}, {.skip = Tensor::ones({2, 3, 4, 1})}),
                       doctest::Contains("skip (2, 3, 4, 1)"), Error);
  CHECK_THROWS_WITH_AS(batch_norm(Tensor::ones({3}), {}, {}, {}, {}),
                       doctest::Contains("needs (N, C) or (N, C, H, W), got (3,)"), Error);
  CHECK_THROWS_WITH_AS(batch_norm(x, {}, {}, {}, {}, {.eps = -1}), doctest::Contains("eps is -1"),
                       Error);
  CHECK_THROWS_WITH_AS(batch_norm(x, {}, {}, {}, {}, {.momentum = 2}),
                       doctest::Contains("momentum is 2"), Error);
}

}  // namespace
}  // namespace plastic
