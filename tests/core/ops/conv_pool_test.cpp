// conv2d() with what follows it, as one operation and as several.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "plastic/core/device.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace plastic {
namespace {

/// NaN equals itself, and 0 differs from -0.
std::vector<std::uint32_t> bits(const Tensor& x) {
  std::vector<std::uint32_t> found;
  for (const float value : x.to_vector<float>())
    found.push_back(std::bit_cast<std::uint32_t>(value));
  return found;
}

/// A result and the gradients of x, the weight and the bias.
struct Outcome {
  Tensor y;
  std::vector<Tensor> gradients;
};

Outcome outcome_of(const Tensor& x, const Tensor& weight, const Tensor& bias,
                   const Conv2dOptions& options, const MaxPool2dOptions& pool, bool together) {
  std::vector<Tensor> inputs = {x.clone(), weight.clone(), bias.clone()};
  for (Tensor& input : inputs) input.set_requires_grad();
  Conv2dOptions all = options;
  if (together) all.max_pool = pool;
  const Tensor result = conv2d(inputs[0], inputs[1], inputs[2], all);
  const Tensor y = together ? result : max_pool2d(result, pool);
  Generator generator{.seed = 4};
  y.backward(uniform(y.shape(), -1, 1, generator));
  return {y.detach(), {inputs[0].grad(), inputs[1].grad(), inputs[2].grad()}};
}

void check_same(const Tensor& x, const Tensor& weight, const Tensor& bias,
                const Conv2dOptions& options, const MaxPool2dOptions& pool) {
  const Outcome together = outcome_of(x, weight, bias, options, pool, true);
  const Outcome apart = outcome_of(x, weight, bias, options, pool, false);
  CHECK(bits(together.y) == bits(apart.y));
  for (const std::size_t i : {0U, 1U}) {
    CAPTURE(i);
    CHECK(bits(together.gradients[i]) == bits(apart.gradients[i]));
  }
  // Sums of the same terms, and of zeros, in another order; windows that overlap add up what they
  // give to a pixel before it is rounded.
  const std::vector<float> sums = together.gradients[2].to_vector<float>();
  const std::vector<float> expected = apart.gradients[2].to_vector<float>();
  REQUIRE(sums.size() == expected.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    CHECK(sums[i] == doctest::Approx(expected[i]).epsilon(1e-5));
  }
}

const MaxPool2dOptions pools[] = {
    {},
    {.kernel = {3, 3}, .stride = {{2, 2}}, .padding = {1, 1}},
    {.kernel = {2, 3}, .stride = {{1, 1}}, .ceil_mode = true},
    {.kernel = {2, 2}, .stride = {{3, 3}}},
    {.dilation = {2, 1}},
};

TEST_CASE("core.ops.conv2d.max_pool.has_the_bits_of_two_operations") {
  Generator generator{.seed = 3};
  const Tensor x = uniform({3, 16, 11, 10}, -1, 1, generator);
  const Tensor weight = uniform({20, 16, 3, 3}, -0.2, 0.2, generator);
  const Tensor bias = uniform({20}, -0.5, 0.5, generator);
  for (const MaxPool2dOptions& pool : pools) {
    for (const Activation activation : {Activation::none, Activation::relu}) {
      CAPTURE(&pool - pools);
      CAPTURE(activation == Activation::relu);
      check_same(x, weight, bias, {.padding = {1, 1}, .activation = activation}, pool);
    }
  }
}

// On the CPU some images at a time are convolved and pooled; these are several groups, the last of
// which is smaller.
TEST_CASE("core.ops.conv2d.max_pool.of_many_images") {
  const int threads = num_threads();
  Generator generator{.seed = 5};
  const Tensor usual = uniform({41, 16, 11, 10}, -1, 1, generator);
  // Tiles that Winograd leaves to im2row.
  Tensor outlier = usual.clone();
  outlier.mutable_data<float>()[12345] = 1e6F;
  outlier.mutable_data<float>()[23456] = std::numeric_limits<float>::infinity();
  const Tensor weight = uniform({20, 16, 3, 3}, -0.2, 0.2, generator);
  // Kernels that it leaves to im2row altogether.
  Tensor huge = weight.clone();
  huge.mutable_data<float>()[0] = 1e20F;
  const Tensor bias = uniform({20}, -0.5, 0.5, generator);
  const Conv2dOptions options{.padding = {1, 1}, .activation = Activation::relu};
  Conv2dOptions all = options;
  all.max_pool = MaxPool2dOptions{};
  for (const int count : {1, 2, 3}) {
    set_num_threads(count);
    for (const Tensor& x : {usual, outlier}) {
      for (const Tensor& kernels : {weight, huge}) {
        CHECK(bits(conv2d(x, kernels, bias, all)) ==
              bits(max_pool2d(conv2d(x, kernels, bias, options))));
      }
    }
  }
  set_num_threads(threads);
}

TEST_CASE("core.ops.conv2d.max_pool.ties_zeros_and_nan") {
  // A convolution that hands on its input.
  const Tensor weight = Tensor::ones({1, 1, 1, 1});
  const Tensor bias = Tensor::zeros({1});
  const float none = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const Tensor x = Tensor::of(
      {
          -1, -2, 0,    -0.0F, 3,        3,          //
          -3, -4, -1,   -2,    3,        -3,         //
          1,  0,  none, 5,     infinity, 1,          //
          1,  1,  7,    none,  infinity, infinity,   //
          0,  -1, -1,   -0.0F, none,     -infinity,  //
          -1, 0,  0,    -5,    -1,       2,          //
      },
      {1, 1, 6, 6});
  for (const MaxPool2dOptions& pool : pools) {
    CAPTURE(&pool - pools);
    check_same(x, weight, bias, {.activation = Activation::relu}, pool);
  }
  // The first of equals has the gradient, a window of negative numbers and one of zeros have none,
  // and NaN lets it pass.
  Tensor in = x.clone().set_requires_grad();
  const Tensor y =
      conv2d(in, weight, bias, {.activation = Activation::relu, .max_pool = MaxPool2dOptions{}});
  y.backward(Tensor::ones(y.shape()));
  CHECK(in.grad().to_vector<float>() == std::vector<float>{
                                            0, 0, 0, 0, 1, 0,  //
                                            0, 0, 0, 0, 0, 0,  //
                                            1, 0, 0, 0, 1, 0,  //
                                            0, 0, 0, 1, 0, 0,  //
                                            0, 0, 0, 0, 1, 0,  //
                                            0, 0, 0, 0, 0, 0,  //
                                        });
}

TEST_CASE("core.ops.conv2d.max_pool.bf16") {
  Generator generator{.seed = 6};
  const Tensor x = uniform({2, 4, 6, 6}, -1, 1, generator).to(DType::bf16);
  const Tensor weight = uniform({5, 4, 3, 3}, -0.2, 0.2, generator).to(DType::bf16);
  const Tensor bias = uniform({5}, -0.5, 0.5, generator).to(DType::bf16);
  const Conv2dOptions relu{.padding = {1, 1}, .activation = Activation::relu};
  Conv2dOptions all = relu;
  all.max_pool = MaxPool2dOptions{};
  const Tensor together = conv2d(x, weight, bias, all);
  CHECK(together.dtype() == DType::bf16);
  CHECK(together.to(DType::f32).to_vector<float>() ==
        max_pool2d(conv2d(x, weight, bias, relu)).to(DType::f32).to_vector<float>());
}

TEST_CASE("core.ops.conv2d.max_pool.errors") {
  CHECK_THROWS_WITH_AS(
      conv2d(Tensor::ones({2, 3, 4, 4}), Tensor::ones({2, 3, 3, 3}), {},
             {.max_pool = MaxPool2dOptions{.kernel = {3, 2}}}),
      doctest::Contains("[max_pool2d] a window of 3 does not fit input (2, 2, 2, 2)"), Error);
}

}  // namespace
}  // namespace plastic
