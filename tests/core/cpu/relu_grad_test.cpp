#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/cpu/cpu_backend.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace plastic {
namespace {

struct Found {
  std::vector<float> out, sums;
};

Found gradients(const Tensor& result, const Tensor& grad, bool in_one_pass) {
  const std::int64_t rows = result.size(0), channels = result.size(1);
  Tensor out = Tensor::empty({rows, channels});
  Tensor sums = Tensor::empty({channels});
  const ReluGrad call{.rows = rows,
                      .channels = channels,
                      .result = result.data<float>(),
                      .grad = grad.data<float>(),
                      .out = out.mutable_data<float>(),
                      .sums = sums.mutable_data<float>()};
  in_one_pass ? cpu_backend().relu_grad(call) : cpu_backend().Backend::relu_grad(call);
  return {out.to_vector<float>(), sums.to_vector<float>()};
}

std::vector<std::uint32_t> bits(const std::vector<float>& values) {
  std::vector<std::uint32_t> found;
  for (const float value : values) found.push_back(std::bit_cast<std::uint32_t>(value));
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
    const Found one = gradients(result, grad, true);
    const Found two = gradients(result, grad, false);
    CHECK(bits(one.out) == bits(two.out));
    CHECK(bits(one.sums) == bits(two.sums));
    CHECK(one.out.back() == 0);
    CHECK((shape.numel() == 1 || one.out.front() == grad.data<float>()[0]));
  }
}

}  // namespace
}  // namespace plastic
