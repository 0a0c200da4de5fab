#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "plastic/core/autograd.h"
#include "plastic/core/conv_algorithm.h"
#include "plastic/core/device.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"

namespace plastic {
namespace {

/// Forces an algorithm, and gives the choice back.
class Forced {
 public:
  explicit Forced(ConvAlgorithm algorithm) { set_conv_algorithm(algorithm); }
  ~Forced() { set_conv_algorithm(ConvAlgorithm::automatic); }
  Forced(const Forced&) = delete;
  Forced& operator=(const Forced&) = delete;
};

struct Case {
  Shape x, weight;
  Conv2dOptions options = {};
};

/// Odd sizes, channels that fill no vector, tiles that reach over the edge, paddings of 0 to 2.
std::vector<Case> winograd_cases() {
  return {{{2, 32, 9, 11}, {48, 32, 3, 3}, {.padding = {1, 1}}},
          {{3, 20, 8, 8}, {17, 20, 3, 3}, {.padding = {0, 2}}},
          {{2, 64, 14, 14}, {64, 64, 3, 3}, {.padding = {1, 1}}},
          {{1, 3, 5, 7}, {40, 3, 3, 3}, {.padding = {1, 1}}},
          {{1, 2, 5, 4}, {3, 2, 3, 3}, {}},
          // More kernels than the second cache keeps, few tiles: threads share out the channels,
          // all at once and in groups.
          {{1, 130, 9, 9}, {150, 130, 3, 3}, {.padding = {1, 1}}},
          {{1, 40, 34, 34}, {200, 40, 3, 3}, {.padding = {1, 1}}}};
}

std::vector<Case> other_cases() {
  return {{{2, 3, 17, 17}, {20, 3, 7, 7}, {.stride = {2, 2}, .padding = {3, 3}}},
          {{2, 24, 8, 8}, {32, 24, 1, 1}, {.stride = {2, 2}}},
          {{3, 20, 9, 7}, {36, 20, 1, 1}, {}},
          {{2, 130, 9, 9}, {33, 130, 3, 3}, {.stride = {2, 2}, .padding = {1, 1}}},
          // More outputs an image than a block of patches, more columns than a block too.
          {{3, 130, 19, 19}, {9, 130, 3, 3}, {.stride = {2, 2}, .padding = {1, 1}}},
          {{7, 130, 5, 5}, {9, 130, 3, 3}, {.stride = {2, 2}, .padding = {1, 1}}},
          {{2, 12, 9, 8}, {8, 6, 3, 2}, {.padding = {2, 1}, .dilation = {2, 3}, .groups = 2}},
          {{1, 4, 6, 6}, {4, 1, 3, 3}, {.padding = {1, 1}, .groups = 4}}};
}

/// So few output pixels that weights are read and written where they lie: with and without a
/// stride, more columns than are summed at a time, sizes that fill no vector and no tile.
std::vector<Case> few_pixels_cases() {
  return {{{1, 24, 4, 5}, {40, 24, 3, 3}, {.padding = {1, 1}}},
          {{1, 260, 3, 3}, {20, 260, 3, 3}, {.padding = {1, 1}}},
          {{2, 130, 6, 7}, {150, 130, 3, 3}, {.stride = {2, 2}, .padding = {1, 1}}},
          {{5, 17, 4, 4}, {67, 17, 1, 1}, {.stride = {2, 2}}},
          {{1, 16, 8, 9}, {18, 16, 3, 2}, {.padding = {2, 1}, .dilation = {2, 3}}}};
}

struct Results {
  std::vector<double> y, grad_x, grad_weight;
};

Results run(const Case& c, ConvAlgorithm algorithm, DType dtype) {
  const Forced forced(algorithm);
  Generator generator{.seed = 11};
  const auto fan_in = static_cast<double>(c.weight[1] * c.weight[2] * c.weight[3]);
  const Tensor x = normal(c.x, 0, 1, generator).to(dtype).set_requires_grad();
  const Tensor weight =
      normal(c.weight, 0, 1 / std::sqrt(fan_in), generator).to(dtype).set_requires_grad();
  const Tensor y = conv2d(x, weight, {}, c.options);
  y.backward(normal(y.shape(), 0, 1, generator).to(dtype));
  return {y.to(DType::f64).to_vector<double>(), x.grad().to(DType::f64).to_vector<double>(),
          weight.grad().to(DType::f64).to_vector<double>()};
}

/// Largest difference over largest value.
double difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    worst = std::max(worst, std::abs(a[i] - b[i]));
    largest = std::max(largest, std::abs(b[i]));
  }
  return worst / largest;
}

void check_against_direct(const Case& c, ConvAlgorithm algorithm, double bound) {
  CAPTURE(std::string(name_of(algorithm)));
  CAPTURE(to_string(c.x));
  CAPTURE(to_string(c.weight));
  const Results exact = run(c, ConvAlgorithm::direct, DType::f64);
  const Results single = run(c, algorithm, DType::f32);
  CHECK(difference(single.y, exact.y) < bound);
  CHECK(difference(single.grad_x, exact.grad_x) < bound);
  CHECK(difference(single.grad_weight, exact.grad_weight) < bound);
  // In f64 only rounding is left of any algorithm's error, so its formula is right.
  const Results twice = run(c, algorithm, DType::f64);
  CHECK(difference(twice.y, exact.y) < 1e-12);
  CHECK(difference(twice.grad_x, exact.grad_x) < 1e-12);
  CHECK(difference(twice.grad_weight, exact.grad_weight) < 1e-12);
}

TEST_CASE("core.ops.conv2d.algorithms_against_direct") {
  // docs/winograd.md has the table of what was measured.
  for (const Case& c : winograd_cases()) {
    check_against_direct(c, ConvAlgorithm::direct, 2e-7);
    check_against_direct(c, ConvAlgorithm::im2row, 3e-6);
    check_against_direct(c, ConvAlgorithm::winograd2, 3e-6);
    check_against_direct(c, ConvAlgorithm::winograd4, 1e-5);
  }
  for (const Case& c : other_cases()) {
    check_against_direct(c, ConvAlgorithm::im2row, 3e-6);
    check_against_direct(c, ConvAlgorithm::automatic, 3e-6);
  }
  for (const Case& c : few_pixels_cases()) {
    check_against_direct(c, ConvAlgorithm::automatic, 3e-6);
  }
}

TEST_CASE("core.ops.conv2d.algorithms_same_bits") {
  const int before = num_threads();
  const auto check = [&](const Case& c, ConvAlgorithm algorithm) {
    CAPTURE(std::string(name_of(algorithm)));
    CAPTURE(to_string(c.x));
    set_num_threads(1);
    const Results alone = run(c, algorithm, DType::f32);
    for (const int threads : {1, 2, 3}) {
      set_num_threads(threads);
      const Results again = run(c, algorithm, DType::f32);
      CHECK(again.y == alone.y);
      CHECK(again.grad_x == alone.grad_x);
      CHECK(again.grad_weight == alone.grad_weight);
    }
  };
  for (const Case& c : winograd_cases()) {
    for (const ConvAlgorithm algorithm :
         {ConvAlgorithm::direct, ConvAlgorithm::im2row, ConvAlgorithm::winograd2,
          ConvAlgorithm::winograd4, ConvAlgorithm::automatic}) {
      check(c, algorithm);
    }
  }
  for (const Case& c : other_cases()) check(c, ConvAlgorithm::automatic);
  for (const Case& c : few_pixels_cases()) check(c, ConvAlgorithm::automatic);
  set_num_threads(before);
}

TEST_CASE("core.ops.conv2d.algorithms_gradcheck") {
  Generator generator{.seed = 3};
  const Tensor x = normal({2, 3, 5, 6}, 0, 1, generator, DType::f64).set_requires_grad();
  const Tensor weight = normal({4, 3, 3, 3}, 0, 1, generator, DType::f64).set_requires_grad();
  const Tensor bias = normal({4}, 0, 1, generator, DType::f64).set_requires_grad();
  for (const ConvAlgorithm algorithm : {ConvAlgorithm::direct, ConvAlgorithm::im2row,
                                        ConvAlgorithm::winograd2, ConvAlgorithm::winograd4}) {
    const Forced forced(algorithm);
    const Tensor inputs[] = {x, weight, bias};
    const GradcheckResult result = gradcheck(
        [](std::span<const Tensor> in) {
          return conv2d(in[0], in[1], in[2], {.padding = {1, 1}, .activation = Activation::relu});
        },
        inputs);
    CHECK_MESSAGE(result.passed, name_of(algorithm), ": ", result.message);
  }
}

TEST_CASE("core.ops.conv2d.wide_patches_are_summed_in_blocks") {
  // 9 · 130 and 1 · 1100 columns are more than one block.
  for (const Case& c : {Case{{2, 130, 5, 5}, {33, 130, 3, 3}, {.stride = {2, 2}}},
                        Case{{2, 1100, 3, 3}, {5, 1100, 1, 1}, {}}}) {
    check_against_direct(c, ConvAlgorithm::im2row, 3e-6);
  }
}

}  // namespace
}  // namespace plastic
