// Tensors on a device: where results and gradients lie, and what mixes devices up.
#include "plastic/core/device.h"

#include <doctest/doctest.h>

#include "core/autograd/gradient_slot.h"
#include "core/tensor/layout.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/conv.h"
#include "tests/core/ops/op_cases.h"
#include "tests/core/pretend_device.h"

namespace plastic::test {
namespace {

constexpr Device cuda{.type = DeviceType::cuda};

std::vector<std::vector<float>> forward_and_backward(const OpCase& op_case, Device device) {
  std::vector<Tensor> inputs;
  for (const Tensor& input : make_inputs(op_case, DType::f32, /*dense=*/true)) {
    inputs.push_back(input.detach().to(device).set_requires_grad());
  }
  const Tensor y = op_case.run(inputs);
  CHECK(y.device() == device);
  Generator generator{.seed = 9};
  y.backward(uniform(y.shape(), 0.5, 1.5, generator).to(device).to(y.dtype()));
  std::vector<std::vector<float>> values = {y.detach().to(DType::f32).to_vector<float>()};
  for (const Tensor& input : inputs) {
    CHECK(input.grad().device() == device);
    values.push_back(input.grad().to_vector<float>());
  }
  return values;
}

TEST_CASE("core.device.operations_and_gradients_stay_on_it") {
  const PretendDevice device;
  for (const OpCase& op_case : op_cases()) {
    CAPTURE(op_case.name);
    CHECK(forward_and_backward(op_case, cuda) == forward_and_backward(op_case, Device{}));
  }
}

TEST_CASE("core.device.gradcheck") {
  const PretendDevice device;
  const Tensor x = Tensor::arange(6, {.dtype = DType::f64}).reshape({2, 3}).to(cuda);
  const std::vector<Tensor> inputs = {x.transpose(0, 1).set_requires_grad()};
  const auto square = [](std::span<const Tensor> in) { return in[0] * in[0]; };
  CHECK(gradcheck(square, inputs).passed);
  CHECK(x.to_vector<double>() == std::vector<double>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("core.device.moving_keeps_the_layout") {
  const PretendDevice device;
  Generator generator{.seed = 2};
  const Tensor plain = uniform({2, 3, 4, 5}, -1, 1, generator);
  // A view that begins within its storage, too.
  for (const Tensor& x : {channels_last(plain), channels_last(plain).slice(0, 1, 2)}) {
    const Tensor there = x.to(cuda);
    CHECK(there.strides() == x.strides());
    CHECK(there.to_vector<float>() == x.to_vector<float>());
    CHECK(there.to(Device{}).strides() == x.strides());
  }
  CHECK(plain.to(cuda).is_contiguous());
  const Tensor turned = plain.transpose(1, 2);
  CHECK(turned.to(cuda).is_contiguous());
  CHECK(turned.to(cuda).to_vector<float>() == turned.to_vector<float>());
  CHECK(Tensor::zeros({0, 3, 4, 5}).to(cuda).numel() == 0);
}

TEST_CASE("core.device.gradients_go_back_through_moving") {
  const PretendDevice device;
  const Tensor x = Tensor::of({1, 2}, {2}).set_requires_grad();
  (x.to(cuda) * 3.0).backward(Tensor::ones({2}, {.device = cuda}));
  CHECK(x.grad().device() == Device{});
  CHECK(x.grad().to_vector<float>() == std::vector<float>{3, 3});
}

TEST_CASE("core.device.gradient_slots_are_used") {
  const PretendDevice device;
  const Tensor weight = Tensor::ones({2, 3}, {.device = cuda}).set_requires_grad();
  const Tensor slot = Tensor::zeros({2, 3}, {.device = cuda});
  weight.impl()->grad_slot =
      std::make_shared<GradientSlot>(slot.impl()->storage, 0, DType::f32, Shape{2, 3});
  linear(Tensor::ones({4, 3}, {.device = cuda}), weight)
      .backward(Tensor::ones({4, 2}, {.device = cuda}));
  CHECK(weight.grad().impl()->data() == slot.impl()->data());
  CHECK(weight.grad().to_vector<float>() == std::vector<float>(6, 4));
}

TEST_CASE("core.device.mixtures_are_refused") {
  const PretendDevice device;
  const Tensor x = Tensor::ones({2, 3}, {.device = cuda});
  const Tensor index = Tensor::zeros({2, 3}, {.dtype = DType::i64});
  const Tensor mask = Tensor::ones({2, 3}, {.dtype = DType::u8});
  const auto differ = doctest::Contains("devices differ: ");
  CHECK_THROWS_WITH_AS(gather(x, 0, index), differ, Error);
  CHECK_THROWS_WITH_AS(index_select(x, 0, index.flatten()), differ, Error);
  CHECK_THROWS_WITH_AS(scatter_add(x, 0, index, x), differ, Error);
  CHECK_THROWS_WITH_AS(where(mask, x, x), differ, Error);
  CHECK_THROWS_WITH_AS(masked_fill(x, mask, 0), differ, Error);
  CHECK_THROWS_WITH_AS(cross_entropy(x, Tensor::zeros({2}, {.dtype = DType::i64})), differ, Error);
  Tensor leaf = Tensor::ones({2}, {.device = cuda}).set_requires_grad();
  CHECK_THROWS_WITH_AS(leaf.backward(Tensor::ones({2})), differ, Error);
  CHECK_THROWS_WITH_AS(leaf.set_grad(Tensor::ones({2})), differ, Error);
  CHECK_THROWS_WITH_AS(x.data<float>(), doctest::Contains("the tensor is on cuda:0"), Error);
}

TEST_CASE("core.device.folding_makes_the_bias_there") {
  const PretendDevice device;
  nn::Conv2d conv(2, 3, 1, {.bias = false});
  nn::BatchNorm2d norm(3);
  for (Tensor* t : {&conv.weight, &norm.weight, &norm.bias, &norm.running_mean, &norm.running_var})
    *t = t->detach().to(cuda);
  conv.absorb(norm);
  CHECK(conv.bias.device() == cuda);
}

}  // namespace
}  // namespace plastic::test
