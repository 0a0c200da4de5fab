// Every op case on a CUDA device against the CPU: results and gradients, in every layout.
#include <cmath>

#include "core/device/backend.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/autograd.h"
#include "plastic/core/random.h"
#include "tests/core/ops/op_cases.h"
#include "tests/cuda/device.h"

namespace plastic::test {
namespace {

/// On the device, with the same strides.
Tensor moved(const Tensor& x) {
  const std::shared_ptr<Storage>& host = x.impl()->storage;
  auto storage = Storage::allocate(host->bytes(), cuda_device);
  if (host->bytes() > 0) {
    backend(cuda_device).copy_from_host(host->data(), storage->data(), host->bytes());
  }
  return make_view(storage, x.dtype(), x.shape(), x.strides(), x.impl()->offset);
}

/// The result of a case followed by the gradients of its inputs, as doubles.
std::vector<std::vector<double>> forward_and_backward(const OpCase& op_case,
                                                      std::vector<Tensor> inputs) {
  for (Tensor& input : inputs) input.set_requires_grad();
  const Tensor y = op_case.run(inputs);
  Generator generator{.seed = 9};
  y.backward(
      uniform(y.shape(), 0.5, 1.5, generator, DType::f64).to(y.dtype()).to(inputs[0].device()));
  std::vector<std::vector<double>> values = {y.detach().to(DType::f64).to_vector<double>()};
  for (const Tensor& input : inputs) {
    CHECK(input.grad().device() == inputs[0].device());
    values.push_back(input.grad().to(DType::f64).to_vector<double>());
  }
  return values;
}

void check_against_cpu(DType dtype, double tolerance) {
  for (const OpCase& op_case : op_cases()) {
    CAPTURE(op_case.name);
    std::vector<Tensor> host;
    std::vector<Tensor> device;
    for (const Tensor& input : make_inputs(op_case, dtype)) {
      host.push_back(input.detach());
      device.push_back(moved(input));
    }
    try {
      const auto expected = forward_and_backward(op_case, host);
      const auto actual = forward_and_backward(op_case, device);
      CHECK(worst_difference(actual, expected) <= tolerance);
    } catch (const Error& error) {
      FAIL_CHECK(std::string(error.what()));
    }
  }
}

TEST_CASE("cuda.ops.f32_agrees_with_cpu") {
  if (has_cuda_device()) check_against_cpu(DType::f32, 1e-5);
}

TEST_CASE("cuda.ops.f64_agrees_with_cpu") {
  if (has_cuda_device()) check_against_cpu(DType::f64, 1e-12);
}

}  // namespace
}  // namespace plastic::test
