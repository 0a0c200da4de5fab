// Convolutions as products of bf16, by the models of instructions, against the f64 kernels. All
// numbers are small integers, so that sums are exact.
#include <doctest/doctest.h>

#include <algorithm>
#include <ostream>
#include <vector>

#include "core/device/backend.h"
#include "plastic/core/random.h"
#include "tests/core/cpu/bf16/kernels.h"
#include "tests/support/thread_count.h"

namespace plastic::test {
namespace {

struct Case {
  std::int64_t batch, in, out, height, width, kernel_height, kernel_width;
  std::int64_t stride[2] = {1, 1};
  std::int64_t padding[2] = {0, 0};
  std::int64_t dilation[2] = {1, 1};
  std::int64_t groups = 1;

  Conv2dShape shape(DType dtype) const {
    const auto size = [&](std::size_t axis, std::int64_t in_size, std::int64_t kernel) {
      return (in_size + 2 * padding[axis] - dilation[axis] * (kernel - 1) - 1) / stride[axis] + 1;
    };
    return {.dtype = dtype,
            .batch = batch,
            .in_channels = in,
            .in_height = height,
            .in_width = width,
            .out_channels = out,
            .out_height = size(0, height, kernel_height),
            .out_width = size(1, width, kernel_width),
            .kernel_height = kernel_height,
            .kernel_width = kernel_width,
            .stride = {stride[0], stride[1]},
            .padding = {padding[0], padding[1]},
            .dilation = {dilation[0], dilation[1]},
            .groups = groups};
  }
};

const Case cases[] = {
    {2, 3, 8, 5, 6, 3, 3, {1, 1}, {1, 1}},
    {3, 16, 24, 7, 5, 3, 3, {1, 1}, {1, 1}},
    {2, 32, 40, 4, 4, 1, 1},
    {2, 8, 16, 8, 7, 3, 3, {2, 2}, {1, 1}},
    // Pixels of the input that no tap reaches.
    {2, 5, 9, 9, 8, 1, 1, {2, 3}},
    {1, 4, 8, 11, 10, 5, 3, {3, 2}, {2, 0}},
    {2, 6, 8, 9, 9, 3, 2, {1, 2}, {2, 1}, {2, 3}},
    {2, 12, 16, 6, 6, 3, 3, {1, 1}, {1, 1}, {1, 1}, 2},
    {1, 6, 24, 5, 7, 3, 3, {2, 1}, {0, 2}, {1, 2}, 2},
    // A padding wider than the kernel.
    {1, 3, 8, 3, 3, 2, 2, {1, 1}, {3, 2}},
    // Channels that are whole steps of tiles, which images are read in place for: rows that end
    // within a tile, more columns than are taken together, strides of the gradient's phases,
    // groups, padding that is wider than the kernel's reach, and an image of several strips.
    {3, 32, 72, 6, 5, 3, 3, {1, 1}, {1, 1}},
    {1, 32, 544, 3, 3, 1, 1},
    {2, 64, 32, 7, 8, 3, 3, {2, 2}, {1, 1}},
    {2, 64, 64, 5, 4, 3, 3, {1, 1}, {1, 1}, {1, 1}, 2},
    {1, 32, 32, 4, 4, 2, 3, {1, 1}, {3, 4}, {2, 1}},
    {1, 32, 8, 70, 66, 3, 3, {1, 1}, {1, 1}},
    // A stride beyond the image.
    {1, 3, 8, 3, 3, 3, 3, {4, 5}, {1, 1}},
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << "case " << &c - cases; }

template <class T>
std::vector<T> integers(std::int64_t count, std::uint64_t seed) {
  Generator generator{.seed = seed};
  std::vector<T> out;
  for (std::int64_t i = 0; i < count; ++i) {
    out.push_back(static_cast<T>(static_cast<float>(generator.next_below(7)) - 3));
  }
  return out;
}

/// What the three passes write, rounded.
struct Results {
  std::vector<bfloat16> y, grad_x, grad_weight;
};

template <class T>
struct Given {
  explicit Given(const Conv2dShape& s)
      : x(integers<T>(s.x_size(), 1)),
        weight(integers<T>(s.weight_size(), 2)),
        bias(integers<T>(s.out_channels, 3)),
        grad_y(integers<T>(s.y_size(), 4)) {}

  std::vector<T> x, weight, bias, grad_y;
};

std::vector<bfloat16> filled(std::int64_t count) {
  return std::vector<bfloat16>(static_cast<std::size_t>(count), bfloat16(99.0F));
}

Results by_products(cpu::Bf16Products& products, const Case& c) {
  const Conv2dShape s = c.shape(DType::bf16);
  const Given<bfloat16> given(s);
  Results out{filled(s.y_size()), filled(s.x_size()), filled(s.weight_size())};
  const bool relu = c.stride[0] == 2;
  REQUIRE(products.conv2d(s, given.x.data(), given.weight.data(),
                          c.groups == 2 ? nullptr : given.bias.data(), relu, out.y.data()));
  REQUIRE(
      products.conv2d_input_grad(s, given.grad_y.data(), given.weight.data(), out.grad_x.data()));
  REQUIRE(
      products.conv2d_weight_grad(s, given.x.data(), given.grad_y.data(), out.grad_weight.data()));
  return out;
}

std::vector<bfloat16> rounded(const std::vector<double>& numbers) {
  std::vector<bfloat16> out;
  for (const double number : numbers) out.emplace_back(number);
  return out;
}

Results in_f64(const Case& c) {
  const Conv2dShape s = c.shape(DType::f64);
  const Given<double> given(s);
  std::vector<double> y(static_cast<std::size_t>(s.y_size()));
  std::vector<double> grad_x(static_cast<std::size_t>(s.x_size()));
  std::vector<double> grad_weight(static_cast<std::size_t>(s.weight_size()));
  const bool relu = c.stride[0] == 2;
  cpu_backend().conv2d(s, given.x.data(), given.weight.data(),
                       c.groups == 2 ? nullptr : given.bias.data(), relu, y.data());
  cpu_backend().conv2d_input_grad(s, given.grad_y.data(), given.weight.data(), grad_x.data());
  cpu_backend().conv2d_weight_grad(s, given.x.data(), given.grad_y.data(), grad_weight.data());
  return {rounded(y), rounded(grad_x), rounded(grad_weight)};
}

bool equal(const std::vector<bfloat16>& a, const std::vector<bfloat16>& b) {
  return std::ranges::equal(a, b, [](bfloat16 x, bfloat16 y) { return float{x} == float{y}; });
}

const NamedProducts models[] = {{"pairs", model_of_pairs()}, {"tiles", model_of_tiles()}};

TEST_CASE("core.bf16.convolutions.of_every_shape") {
  for (const NamedProducts& by : models) {
    for (const Case& c : cases) {
      CAPTURE(by.name);
      CAPTURE(c);
      const Results actual = by_products(by.products, c);
      const Results expected = in_f64(c);
      CHECK(equal(actual.y, expected.y));
      CHECK(equal(actual.grad_x, expected.grad_x));
      CHECK(equal(actual.grad_weight, expected.grad_weight));
    }
  }
}

TEST_CASE("core.bf16.convolutions.are_left_to_f32_where_products_would_be_of_zeros") {
  for (const NamedProducts& by : products_of_every_kernel()) {
    // Depthwise; and by the kernel of f32 none at all.
    const Conv2dShape depthwise =
        Case{1, 8, 8, 3, 3, 3, 3, {1, 1}, {1, 1}, {1, 1}, 8}.shape(DType::bf16);
    CHECK_FALSE(by.products.conv2d(depthwise, nullptr, nullptr, nullptr, false, nullptr));
    if (by.name != "widened") continue;
    const Conv2dShape usual = cases[1].shape(DType::bf16);
    CHECK_FALSE(by.products.conv2d(usual, nullptr, nullptr, nullptr, false, nullptr));
    CHECK_FALSE(by.products.conv2d_input_grad(usual, nullptr, nullptr, nullptr));
    CHECK_FALSE(by.products.conv2d_weight_grad(usual, nullptr, nullptr, nullptr));
  }
}

TEST_CASE("core.bf16.convolutions.same_results_for_any_number_of_threads") {
  for (const NamedProducts& by : models) {
    CAPTURE(by.name);
    const auto with = [&](int threads) {
      const ThreadCount count(threads);
      return by_products(by.products, cases[1]);
    };
    const Results one = with(1);
    const Results five = with(5);
    CHECK(equal(one.y, five.y));
    CHECK(equal(one.grad_x, five.grad_x));
    CHECK(equal(one.grad_weight, five.grad_weight));
  }
}

}  // namespace
}  // namespace plastic::test
