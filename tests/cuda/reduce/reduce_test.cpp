// Sums, positions of extremes and the search for what is not finite, in every way that the kernels
// share out the work.
#include "plastic/core/ops/reduce.h"

#include <cmath>
#include <limits>
#include <numeric>

#include "core/device/backend.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/random.h"
#include "plastic/core/recording.h"
#include "tests/cuda/compare.h"
#include "tests/cuda/device.h"

namespace plastic::test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

Tensor numbers(const Shape& shape, DType dtype = DType::f32) {
  Generator generator{.seed = 5};
  const Tensor x = uniform(shape, -100, 100, generator, DType::f64);
  // Bytes are not negative.
  return (dtype == DType::u8 ? uniform(shape, 0, 255, generator, DType::f64) : x).to(dtype);
}

struct SumCase {
  const char* name;
  Shape shape;
  Shape axes;
};

const std::vector<SumCase>& sum_cases() {
  static const std::vector<SumCase> cases = {
      {"rows, packs", {5000, 64}, {0}},
      {"rows, many columns", {300, 1000}, {0}},
      {"rows, three columns", {4099, 3}, {0}},
      {"rows, one column", {4099, 1}, {0}},
      {"few rows", {3, 700}, {0}},
      {"everything", {70'000}, {}},
      {"everything, odd", {257, 131}, {}},
      {"lines, by blocks", {3, 50'000}, {1}},
      {"lines, by blocks, odd", {2, 5001}, {1}},
      {"lines, by warps", {500, 40}, {1}},
      {"lines, by warps, odd", {70, 37}, {1}},
      {"short lines", {2000, 7}, {1}},
      {"images, channels", {8, 5, 6, 12}, {0, 2, 3}},
      {"between", {8, 5, 600, 12}, {1, 2}},
      {"alternating", {6, 20, 7, 16}, {0, 2}},
      {"nothing to add", {0, 5}, {0}},
      {"nothing left", {5, 0}, {0}},
      {"no results", {0, 5}, {1}},
      {"one", {1}, {}},
  };
  return cases;
}

TEST_CASE("cuda.reduce.sums_of_every_shape") {
  if (!has_cuda_device()) return;
  for (const DType dtype : {DType::f32, DType::f64, DType::i64, DType::u8}) {
    for (const SumCase& sum_case : sum_cases()) {
      CAPTURE(sum_case.name);
      CAPTURE(name_of(dtype));
      const Tensor x = numbers(sum_case.shape, dtype);
      const Tensor actual = sum(x.to(cuda_device), sum_case.axes);
      // Both devices round once.
      const double tolerance = dtype == DType::f32 ? 1e-7 : dtype == DType::f64 ? 1e-14 : 0;
      CHECK(worst_difference(actual, sum(x, sum_case.axes)) <= tolerance);
      CHECK(are_same(sum(x.to(cuda_device), sum_case.axes), actual));
    }
  }
}

TEST_CASE("cuda.reduce.sums_of_bf16_are_rounded_once") {
  if (!has_cuda_device()) return;
  for (const SumCase& sum_case : sum_cases()) {
    CAPTURE(sum_case.name);
    const Tensor x = numbers(sum_case.shape).to(DType::bf16);
    const Tensor expected = sum(x.to(DType::f64), sum_case.axes).to(DType::f32).to(DType::bf16);
    CHECK(are_same(sum(x.to(cuda_device), sum_case.axes), expected));
  }
}

TEST_CASE("cuda.reduce.sums_of_views") {
  if (!has_cuda_device()) return;
  const auto check = [](const Tensor& x, auto view, const Shape& axes) {
    const Tensor actual = sum(view(x.to(cuda_device)), axes);
    CHECK(worst_difference(actual, sum(view(x), axes)) <= 1e-7);
  };
  const Tensor x = numbers({40, 60, 64});
  const auto swap = [](const Tensor& t) { return t.transpose(0, 2); };
  check(x, swap, {0});
  check(x, swap, {1});
  check(x, swap, {0, 2});
  const auto rotate = [](const Tensor& t) { return t.permute({1, 2, 0}); };
  check(x, rotate, {0});
  check(x, rotate, {2});
  check(x, rotate, {0, 1});
  // Packs would not be aligned.
  const auto from_second = [](const Tensor& t) { return t.slice(2, 1, 61); };
  check(x, from_second, {0, 1});
  check(x, from_second, {2});
  const auto shifted = [](const Tensor& t) { return t.reshape({-1}).slice(0, 1, 153'597); };
  check(x, shifted, {});
  const auto every_other = [](const Tensor& t) { return t.slice(2, 0, 64, 2).slice(0, 1, 40, 3); };
  check(x, every_other, {0});
  check(x, every_other, {2});
  check(x, every_other, {});
  const auto repeated = [](const Tensor& t) {
    return t.slice(1, 0, 1).expand({40, 60, 64}).slice(0, 0, 30);
  };
  check(x, repeated, {1});
  check(x, repeated, {0});
  check(x, repeated, {0, 2});
}

TEST_CASE("cuda.reduce.sums_do_not_cancel") {
  if (!has_cuda_device()) return;
  std::vector<float> values(30'000, 1);
  for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
    values[i] = i % 4 == 0 ? 1e8F : -1e8F;
  }
  const Tensor x = Tensor::from<float>(values, {30'000}).to(cuda_device);
  CHECK(sum(x).item() == 15'000);
  CHECK(sum(x.reshape({7500, 4}), {0}).to_vector<float>() ==
        std::vector<float>{7.5e11F, 7500, -7.5e11F, 7500});
}

TEST_CASE("cuda.reduce.means_and_what_is_not_finite") {
  if (!has_cuda_device()) return;
  const Tensor x = numbers({300, 40});
  CHECK(worst_difference(mean(x.to(cuda_device), {0}), mean(x, {0})) <= 1e-7);
  CHECK(std::isnan(mean(Tensor::zeros({0}, {.device = cuda_device})).item()));
  std::vector<float> values(4000, 1);
  values[1003] = nan;
  values[1006] = infinity;
  const Tensor sums = sum(Tensor::from<float>(values, {1000, 4}).to(cuda_device), {0});
  CHECK(sums.slice(0, 0, 2).to_vector<float>() == std::vector<float>(2, 1000));
  CHECK(sums.slice(0, 2, 3).item() == infinity);
  CHECK(std::isnan(sums.slice(0, 3, 4).item()));
}

TEST_CASE("cuda.reduce.positions_of_extremes") {
  if (!has_cuda_device()) return;
  const auto check = [](const Shape& shape, std::int64_t axis, DType dtype) {
    CAPTURE(to_string(shape));
    CAPTURE(name_of(dtype));
    // Few different values: most are equal to others.
    const Tensor x = numbers(shape, DType::u8).to(dtype);
    CHECK(are_same(argmax(x.to(cuda_device), axis), argmax(x, axis)));
    CHECK(are_same(argmin(x.to(cuda_device), axis), argmin(x, axis)));
  };
  for (const DType dtype : {DType::f32, DType::f64, DType::i64, DType::u8}) {
    check({50, 5}, 1, dtype);
    check({50, 100}, 1, dtype);
    check({3, 5000}, 1, dtype);
  }
  check({5000, 3}, 0, DType::f32);
  check({4, 30, 20}, 1, DType::f32);
  check({1, 2000, 10}, 1, DType::f32);
  check({17, 1, 300}, 1, DType::f32);
  check({20, 16, 4000}, 1, DType::f32);
}

TEST_CASE("cuda.reduce.nan_is_extreme") {
  if (!has_cuda_device()) return;
  for (const std::int64_t count : {10, 100, 5000}) {
    CAPTURE(count);
    std::vector<float> values(static_cast<std::size_t>(count), 1);
    values[3] = infinity;
    values[7] = nan;
    values[9] = nan;
    values[4] = -infinity;
    const Tensor x = Tensor::from<float>(values, {count}).to(cuda_device);
    CHECK(argmax(x, 0).item() == 7);
    CHECK(argmin(x, 0).item() == 7);
    CHECK(argmax(x.slice(0, 0, 7), 0).item() == 3);
    CHECK(argmin(x.slice(0, 0, 7), 0).item() == 4);
  }
}

TEST_CASE("cuda.reduce.finds_what_is_not_finite") {
  if (!has_cuda_device()) return;
  Backend& device = backend(cuda_device);
  const auto all_finite = [&](std::vector<float> values) {
    const auto count = static_cast<std::int64_t>(values.size());
    return device.all_finite(array_of(Tensor::from<float>(values, {count}).to(cuda_device)));
  };
  std::vector<float> values(100'000, std::numeric_limits<float>::max());
  CHECK(all_finite(values));
  CHECK(all_finite({}));
  for (const float bad : {nan, infinity, -infinity}) {
    std::vector<float> spoilt = values;
    spoilt.back() = bad;
    CHECK_FALSE(all_finite(spoilt));
  }
  CHECK(all_finite(values));
  CHECK(device.all_finite(array_of(Tensor::arange(5, {.dtype = DType::i64}).to(cuda_device))));
  Generator generator;
  const Tensor x = Tensor::ones({3}, {.device = cuda_device});
  CHECK_THROWS_WITH_AS(Recording(cuda_device, generator, [&] { device.all_finite(array_of(x)); }),
                       doctest::Contains("[all_finite] would wait"), Error);
}

}  // namespace
}  // namespace plastic::test
