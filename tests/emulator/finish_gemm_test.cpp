// What follows the sums of a product, apart from the products that call for it.
#include "cuda/gemm/finish_gemm.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "core/random/philox.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/core/recording.h"
#include "tests/cuda/device.h"

namespace plastic::cuda {
namespace {

struct Case {
  std::int64_t m, n, ldc;
  bool bias, relu;
  double dropout;
};

/// c as it should be, in f32.
std::vector<float> finished(const Case& at, const std::vector<float>& c,
                            const std::vector<float>& bias, const Generator& generator) {
  const DropoutRule rule(at.dropout);
  std::vector<float> y = c;
  for (std::int64_t i = 0; i < at.m; ++i) {
    for (std::int64_t j = 0; j < at.n; ++j) {
      float& value = y[static_cast<std::size_t>(i * at.ldc + j)];
      if (at.bias) value += bias[static_cast<std::size_t>(j)];
      if (at.relu && value < 0) value = 0;
      if (at.dropout == 0) continue;
      const auto number = static_cast<std::uint64_t>(i * at.n + j);
      const PhiloxBlock block =
          philox(generator.seed, generator.stream, generator.offset + number / 4);
      value = rule.keeps(block.word[number % 4]) ? value * static_cast<float>(rule.scale) : 0;
    }
  }
  return y;
}

TEST_CASE("cuda.finish_gemm.bias_relu_dropout") {
  const Case cases[] = {
      {3, 8, 8, true, true, 0.4},    {3, 8, 12, true, true, 0.4},  {5, 7, 7, true, true, 0.4},
      {5, 7, 9, false, true, 0.4},   {9, 1, 1, true, false, 0.4},  {9, 2, 3, true, false, 0},
      {1, 13, 13, false, true, 0},   {4, 8, 8, false, false, 0.6}, {0, 8, 8, true, true, 0.4},
      {3, 0, 8, true, true, 0.4},    {2, 8, 8, false, false, 0},   {40, 100, 100, true, true, 0.1},
      {3, 600, 601, true, true, 0.1}};
  Context& context = Context::of(0);
  for (const Case& at : cases) {
    for (const bool with_bias_and_relu : {true, false}) {
      CAPTURE(at.m);
      CAPTURE(at.n);
      CAPTURE(at.ldc);
      CAPTURE(with_bias_and_relu);
      Generator generator{.seed = 6};
      const Tensor c = uniform({at.m, at.ldc}, -1, 1, generator);
      const Tensor bias = uniform({at.n}, -1, 1, generator);
      const Tensor on_device = c.to(test::cuda_device).clone();
      const Tensor device_bias = bias.to(test::cuda_device);
      finish_gemm(context,
                  {.m = at.m,
                   .n = at.n,
                   .c = array_of(on_device).data,
                   .ldc = at.ldc,
                   .bias = at.bias ? array_of(device_bias).data : nullptr,
                   .relu = at.relu,
                   .dropout = at.dropout,
                   .at = generator},
                  with_bias_and_relu);
      Case expected = at;
      expected.bias = at.bias && with_bias_and_relu;
      expected.relu = at.relu && with_bias_and_relu;
      CHECK(on_device.to_vector<float>() ==
            finished(expected, c.to_vector<float>(), bias.to_vector<float>(), generator));
    }
  }
}

TEST_CASE("cuda.finish_gemm.keeps_nan_and_moves_on_in_recordings") {
  Context& context = Context::of(0);
  const Tensor c = Tensor::of({NAN, -1, 2, NAN}, {1, 4}).to(test::cuda_device);
  const Gemm relu{.m = 1, .n = 4, .c = array_of(c).data, .ldc = 4, .relu = true};
  finish_gemm(context, relu, true);
  const std::vector<float> y = c.to_vector<float>();
  CHECK(std::isnan(y[0]));
  CHECK(y[1] == 0);
  CHECK(std::isnan(y[3]));

  Generator recorded{.seed = 3};
  Generator eager = recorded;
  Tensor x = Tensor::ones({5, 40}, {.device = test::cuda_device});
  const auto drop = [&](Generator& at) {
    x.fill_(1);
    finish_gemm(context,
                {.m = 5, .n = 40, .c = array_of(x).data, .ldc = 40, .dropout = 0.5, .at = at},
                true);
    at.offset += 50;
  };
  std::vector<std::vector<float>> repeated;
  {
    Recording recording(test::cuda_device, recorded, [&] { drop(recorded); });
    for (int step = 0; step < 3; ++step) {
      recording.repeat();
      repeated.push_back(x.to_vector<float>());
    }
  }
  for (const std::vector<float>& values : repeated) {
    drop(eager);
    CHECK(values == x.to_vector<float>());
  }
}

}  // namespace
}  // namespace plastic::cuda
