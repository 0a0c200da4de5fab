// Convolutions on a CUDA device against the CPU's.
#include "plastic/core/ops/conv2d.h"

#include <cmath>
#include <vector>

#include "core/device/backend.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/core/recording.h"
#include "plastic/core/tensor.h"
#include "tests/cuda/convolution.h"
#include "tests/cuda/device.h"

namespace plastic::test {
namespace {

TEST_CASE("cuda.conv2d.f32_agrees_with_cpu") {
  if (!has_cuda_device()) return;
  for (const ConvTry& shape : conv_tries()) check_convolution(shape, DType::f32, 2e-5);
}

TEST_CASE("cuda.conv2d.f64_agrees_with_cpu") {
  if (!has_cuda_device()) return;
  for (const ConvTry& shape : conv_tries()) check_convolution(shape, DType::f64, 1e-13);
}

TEST_CASE("cuda.conv2d.bf16_agrees_with_cpu") {
  if (!has_cuda_device()) return;
  for (const ConvTry& shape : conv_tries()) check_convolution(shape, DType::bf16, 1e-2);
}

TEST_CASE("cuda.conv2d.a_slice_that_is_not_aligned") {
  if (!has_cuda_device()) return;
  Generator generator{.seed = 2};
  const Tensor x = uniform({3, 1, 3, 3}, -1, 1, generator);
  const Tensor weight = uniform({2, 1, 1, 1}, -1, 1, generator);
  const Tensor slice = x.to(cuda_device).slice(0, 1, 3);
  const Tensor y = conv2d(slice, weight.to(cuda_device));
  const Tensor expected = conv2d(x.slice(0, 1, 3), weight);
  CHECK(y.to(Device{}).contiguous().to_vector<float>() == expected.contiguous().to_vector<float>());
}

TEST_CASE("cuda.conv2d.a_seen_shape_can_be_recorded") {
  if (!has_cuda_device()) return;
  Generator generator{.seed = 3};
  const Tensor x = uniform({2, 4, 6, 6}, -1, 1, generator).to(cuda_device);
  const Tensor weight = uniform({4, 4, 3, 3}, -1, 1, generator).to(cuda_device);
  const std::vector<float> expected =
      conv2d(x, weight).to(Device{}).contiguous().to_vector<float>();
  Tensor y;
  Recording recording(cuda_device, generator, [&] { y = conv2d(x, weight); });
  recording.repeat();
  CHECK(y.to(Device{}).contiguous().to_vector<float>() == expected);
}

}  // namespace
}  // namespace plastic::test
