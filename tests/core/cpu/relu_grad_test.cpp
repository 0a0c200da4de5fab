#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/cpu/cpu_backend.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace plastic {
namespace {

struct Found {
  Tensor out, sums;
};

Found gradients(const Tensor& result, const Tensor& grad, bool in_one_pass) {
  const std::int64_t rows = result.size(0), channels = result.size(1);
  const Tensor out = Tensor::empty({rows, channels}, {.dtype = result.dtype()});
  const Tensor sums = Tensor::empty({channels}, {.dtype = result.dtype()});
  const ReluGrad call{.dtype = result.dtype(),
                      .rows = rows,
                      .channels = channels,
                      .result = array_of(result).data,
                      .grad = array_of(grad).data,
                      .out = array_of(out).data,
                      .sums = array_of(sums).data};
  in_one_pass ? cpu_backend().relu_grad(call) : cpu_backend().Backend::relu_grad(call);
  return {out.to(DType::f32), sums.to(DType::f32)};
}

std::vector<std::uint32_t> bits(const Tensor& tensor) {
  std::vector<std::uint32_t> found;
  for (const float value : tensor.to_vector<float>()) {
    found.push_back(std::bit_cast<std::uint32_t>(value));
  }
  return found;
}

TEST_CASE("core.cpu.relu_grad.one_pass_has_the_bits_of_two") {
  Generator generator{.seed = 2};
  const Shape shapes[] = {{1, 1}, {3, 5}, {7, 64}, {1000, 33}, {20001, 32}, {513, 300}, {5, 4096}};
  for (const Shape& shape : shapes) {
    CAPTURE(to_string(shape));
    Tensor result = relu(uniform(shape, -1, 1, generator));
    Tensor grad = normal(shape, 0, 1, generator);
    // Neither NaN nor an infinite gradient is lost, and 0 holds back whatever comes.
    result.mutable_data<float>()[0] = std::numeric_limits<float>::quiet_NaN();
    result.mutable_data<float>()[shape.numel() - 1] = 0;
    grad.mutable_data<float>()[shape.numel() - 1] = std::numeric_limits<float>::infinity();
    for (const DType dtype : {DType::f32, DType::bf16}) {
      CAPTURE(name_of(dtype));
      const Tensor g = grad.to(dtype);
      const Found one = gradients(result.to(dtype), g, true);
      const Found two = gradients(result.to(dtype), g, false);
      CHECK(bits(one.out) == bits(two.out));
      CHECK(bits(one.sums) == bits(two.sums));
      const std::vector<float> out = one.out.to_vector<float>();
      CHECK(out.back() == 0);
      CHECK((shape.numel() == 1 || out.front() == g.to(DType::f32).data<float>()[0]));
    }
  }
}

}  // namespace
}  // namespace plastic
