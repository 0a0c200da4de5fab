// Matrix products on a CUDA device against the CPU's.
#include <cmath>
#include <vector>

#include "core/device/backend.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/core/recording.h"
#include "plastic/core/tensor.h"
#include "tests/cuda/device.h"

namespace plastic::test {
namespace {

/// A product to try; rows lie that many elements further apart than they need to, and everything
/// starts `offset` elements into its memory.
struct Product {
  std::int64_t m, n, k;
  bool transpose_a = false, transpose_b = false;
  std::int64_t gap = 0, offset = 0;
  bool bias = false, relu = false;
  double dropout = 0;
};

Tensor numbers(std::int64_t count, DType dtype, std::uint64_t seed) {
  Generator generator{.seed = seed};
  return uniform({count}, -1, 1, generator, DType::f64).to(dtype);
}

/// C as it lies in memory, gaps included. The CPU computes in f32 what bf16 numbers stand for.
std::vector<double> multiplied(const Product& p, DType stored, Device device) {
  const DType dtype = stored == DType::bf16 && device == Device{} ? DType::f32 : stored;
  const std::int64_t a_rows = p.transpose_a ? p.k : p.m;
  const std::int64_t b_rows = p.transpose_b ? p.n : p.k;
  Gemm gemm{.dtype = dtype,
            .m = p.m,
            .n = p.n,
            .k = p.k,
            .lda = (p.transpose_a ? p.m : p.k) + p.gap,
            .transpose_a = p.transpose_a,
            .ldb = (p.transpose_b ? p.k : p.n) + p.gap,
            .transpose_b = p.transpose_b,
            .ldc = p.n + p.gap,
            .relu = p.relu,
            .dropout = p.dropout,
            .at = {.seed = 5, .offset = 3}};
  const Tensor a = numbers(p.offset + a_rows * gemm.lda, stored, 1).to(dtype).to(device);
  const Tensor b = numbers(p.offset + b_rows * gemm.ldb, stored, 2).to(dtype).to(device);
  const Tensor c = numbers(p.offset + p.m * gemm.ldc, stored, 3).to(dtype).to(device);
  const Tensor bias = numbers(p.offset + p.n, stored, 4).to(dtype).to(device);
  const auto skip = static_cast<std::size_t>(p.offset) * size_of(dtype);
  const auto data = [&](const Tensor& x) { return static_cast<char*>(x.impl()->data()) + skip; };
  gemm.a = data(a);
  gemm.b = data(b);
  gemm.c = data(c);
  gemm.bias = p.bias ? data(bias) : nullptr;
  backend(device).gemm(gemm);
  return c.to(Device{}).to(DType::f64).to_vector<double>();
}

void check_product(const Product& p, DType dtype) {
  CAPTURE(p.m);
  CAPTURE(p.n);
  CAPTURE(p.k);
  CAPTURE(p.transpose_a);
  CAPTURE(p.transpose_b);
  CAPTURE(p.gap);
  CAPTURE(p.bias);
  CAPTURE(p.relu);
  const std::vector<double> expected = multiplied(p, dtype, Device{});
  const std::vector<double> actual = multiplied(p, dtype, cuda_device);
  REQUIRE(actual.size() == expected.size());
  const double digits = dtype == DType::f64 ? 1e-14 : dtype == DType::f32 ? 1e-6 : 4e-3;
  const double tolerance = digits * (4 + std::sqrt(p.k));
  double worst = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double difference = std::abs(actual[i] - expected[i]);
    if (!(difference <= worst)) worst = difference;
  }
  CHECK(worst <= tolerance);
}

TEST_CASE("cuda.gemm.every_layout_agrees_with_cpu") {
  if (!has_cuda_device()) return;
  const std::int64_t sizes[][3] = {{1, 1, 1},    {2, 3, 4},   {1, 10, 100},  {33, 1, 7},
                                   {17, 64, 32}, {64, 48, 1}, {128, 65, 63}, {3, 200, 17}};
  for (const auto& [m, n, k] : sizes) {
    for (const std::int64_t gap : {0, 3}) {
      for (const bool transpose_a : {false, true}) {
        for (const bool transpose_b : {false, true}) {
          for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
            check_product({.m = m,
                           .n = n,
                           .k = k,
                           .transpose_a = transpose_a,
                           .transpose_b = transpose_b,
                           .gap = gap,
                           .offset = gap == 0 ? 0 : 1},
                          dtype);
          }
        }
      }
    }
  }
}

TEST_CASE("cuda.gemm.bias_and_relu_agree_with_cpu") {
  if (!has_cuda_device()) return;
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
    for (const bool bias : {false, true}) {
      for (const bool relu : {false, true}) {
        for (const std::int64_t gap : {0, 1}) {
          check_product({.m = 20, .n = 12, .k = 8, .gap = gap, .bias = bias, .relu = relu}, dtype);
          check_product({.m = 7,
                         .n = 5,
                         .k = 3,
                         .transpose_b = true,
                         .gap = gap,
                         .offset = 1,
                         .bias = bias,
                         .relu = relu},
                        dtype);
        }
      }
    }
  }
}

TEST_CASE("cuda.gemm.dropout_agrees_with_cpu") {
  if (!has_cuda_device()) return;
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
    check_product({.m = 30, .n = 11, .k = 6, .dropout = 0.5}, dtype);
    check_product({.m = 30, .n = 11, .k = 6, .bias = true, .relu = true, .dropout = 0.25}, dtype);
  }
}

TEST_CASE("cuda.gemm.empty_products") {
  if (!has_cuda_device()) return;
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
    check_product({.m = 0, .n = 3, .k = 4}, dtype);
    check_product({.m = 3, .n = 0, .k = 4}, dtype);
    // Sums of nothing.
    check_product({.m = 3, .n = 4, .k = 0}, dtype);
    check_product({.m = 3, .n = 4, .k = 0, .gap = 2, .bias = true}, dtype);
    check_product({.m = 3, .n = 4, .k = 0, .bias = true, .relu = true, .dropout = 0.5}, dtype);
  }
}

/// What a recording of x · x gives, against the CPU's.
void check_recorded(const Tensor& host, const Tensor& x) {
  Generator generator;
  Tensor y;
  Recording recording(cuda_device, generator, [&] { y = matmul(x, x); });
  recording.repeat();
  const std::vector<float> actual = y.to(Device{}).to_vector<float>();
  const std::vector<float> expected = matmul(host, host).to_vector<float>();
  for (std::size_t i = 0; i < actual.size(); ++i) {
    CHECK(actual[i] == doctest::Approx(expected[i]).epsilon(1e-5));
  }
}

TEST_CASE("cuda.gemm.recorded_before_and_after_its_first_run") {
  if (!has_cuda_device()) return;
  Generator generator{.seed = 1};
  const Tensor host = uniform({9, 9}, 0.5, 1, generator);
  const Tensor x = host.to(cuda_device);
  check_recorded(host, x);
  matmul(x, x);
  check_recorded(host, x);
}

}  // namespace
}  // namespace plastic::test
