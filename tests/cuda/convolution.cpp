#include "tests/cuda/convolution.h"

#include <cmath>

#include "core/device/backend.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/random.h"
#include "plastic/core/tensor.h"
#include "tests/cuda/device.h"

namespace plastic::test {
namespace {

Tensor numbers(std::int64_t count, DType dtype, std::uint64_t seed) {
  Generator generator{.seed = seed};
  return uniform({count}, -1, 1, generator, DType::f64).to(dtype);
}

std::vector<double> values(const Tensor& x) {
  return x.to(Device{}).to(DType::f64).to_vector<double>();
}

/// The results of the passes one after another. The CPU computes in f32 what bf16 numbers stand
/// for.
std::vector<std::vector<double>> passes(Conv2dShape s, Device device) {
  const DType stored = s.dtype;
  if (stored == DType::bf16 && device == Device{}) s.dtype = DType::f32;
  const std::int64_t x_size = s.batch * s.in_height * s.in_width * s.in_channels;
  const std::int64_t y_size = s.batch * s.out_height * s.out_width * s.out_channels;
  const std::int64_t weight_size =
      s.out_channels * s.in_channels / s.groups * s.kernel_height * s.kernel_width;
  const Tensor x = numbers(x_size, stored, 1).to(s.dtype).to(device);
  const Tensor weight = numbers(weight_size, stored, 2).to(s.dtype).to(device);
  const Tensor bias = numbers(s.out_channels, stored, 3).to(s.dtype).to(device);
  const Tensor grad_y = numbers(y_size, stored, 4).to(s.dtype).to(device);
  const auto data = [](const Tensor& tensor) { return tensor.impl()->data(); };
  const auto empty = [&](std::int64_t size) {
    return Tensor::empty({size}, {.dtype = s.dtype, .device = device});
  };
  std::vector<std::vector<double>> results;
  for (const bool relu : {false, true}) {
    for (const bool with_bias : {false, true}) {
      const Tensor y = empty(y_size);
      backend(device).conv2d(s, data(x), data(weight), with_bias ? data(bias) : nullptr, relu,
                             data(y));
      results.push_back(values(y));
    }
  }
  const Tensor grad_x = empty(x_size);
  backend(device).conv2d_input_grad(s, data(grad_y), data(weight), data(grad_x));
  results.push_back(values(grad_x));
  const Tensor grad_weight = empty(weight_size);
  backend(device).conv2d_weight_grad(s, data(x), data(grad_y), data(grad_weight));
  results.push_back(values(grad_weight));
  return results;
}

}  // namespace

Conv2dShape ConvTry::shape(DType dtype) const {
  const auto output = [&](std::size_t axis, std::int64_t size, std::int64_t kernel) {
    return (size + 2 * padding[axis] - dilation[axis] * (kernel - 1) - 1) / stride[axis] + 1;
  };
  return {.dtype = dtype,
          .batch = batch,
          .in_channels = channels,
          .in_height = height,
          .in_width = width,
          .out_channels = out_channels,
          .out_height = output(0, height, kernel_height),
          .out_width = output(1, width, kernel_width),
          .kernel_height = kernel_height,
          .kernel_width = kernel_width,
          .stride = {stride[0], stride[1]},
          .padding = {padding[0], padding[1]},
          .dilation = {dilation[0], dilation[1]},
          .groups = groups};
}

std::vector<ConvTry> conv_tries() {
  return {
      {.batch = 2,
       .channels = 3,
       .height = 5,
       .width = 6,
       .out_channels = 4,
       .kernel_height = 3,
       .kernel_width = 3,
       .padding = {1, 1}},
      {.batch = 2,
       .channels = 3,
       .height = 7,
       .width = 6,
       .out_channels = 4,
       .kernel_height = 3,
       .kernel_width = 2,
       .stride = {2, 3},
       .padding = {0, 2}},
      {.batch = 1,
       .channels = 2,
       .height = 8,
       .width = 7,
       .out_channels = 3,
       .kernel_height = 2,
       .kernel_width = 3,
       .padding = {1, 2},
       .dilation = {3, 2}},
      {.batch = 3,
       .channels = 4,
       .height = 4,
       .width = 4,
       .out_channels = 5,
       .kernel_height = 1,
       .kernel_width = 1},
      {.batch = 3,
       .channels = 4,
       .height = 5,
       .width = 5,
       .out_channels = 8,
       .kernel_height = 1,
       .kernel_width = 1,
       .stride = {2, 2}},
      {.batch = 2,
       .channels = 6,
       .height = 4,
       .width = 5,
       .out_channels = 4,
       .kernel_height = 3,
       .kernel_width = 3,
       .padding = {1, 1},
       .groups = 2},
      {.batch = 2,
       .channels = 4,
       .height = 5,
       .width = 5,
       .out_channels = 8,
       .kernel_height = 3,
       .kernel_width = 3,
       .stride = {2, 1},
       .padding = {1, 1},
       .groups = 4},
      // Many pixels and few weights.
      {.batch = 5,
       .channels = 2,
       .height = 15,
       .width = 15,
       .out_channels = 1,
       .kernel_height = 1,
       .kernel_width = 2},
      // The filters of one output need more than one tile to turn.
      {.batch = 1,
       .channels = 230,
       .height = 3,
       .width = 3,
       .out_channels = 2,
       .kernel_height = 3,
       .kernel_width = 3,
       .padding = {1, 1}},
      // Their taps alone do not fit in one.
      {.batch = 1,
       .channels = 2,
       .height = 46,
       .width = 46,
       .out_channels = 1,
       .kernel_height = 46,
       .kernel_width = 46},
  };
}

void check_convolution(const ConvTry& convolution, DType dtype, double tolerance) {
  CAPTURE(convolution.channels);
  CAPTURE(convolution.height);
  CAPTURE(convolution.kernel_height);
  CAPTURE(convolution.groups);
  const Conv2dShape shape = convolution.shape(dtype);
  const auto expected = passes(shape, Device{});
  const auto actual = passes(shape, cuda_device);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    REQUIRE(actual[i].size() == expected[i].size());
    double worst = 0;
    double largest = 1;
    for (std::size_t j = 0; j < actual[i].size(); ++j) {
      const double difference = std::abs(actual[i][j] - expected[i][j]);
      if (!(difference <= worst)) worst = difference;
      largest = std::max(largest, std::abs(expected[i][j]));
    }
    CHECK(worst <= tolerance * largest);
  }
}

}  // namespace plastic::test
