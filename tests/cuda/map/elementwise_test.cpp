// Elementwise kernels where the table of op cases does not go: dtypes, vectors and transposes.
#include <limits>
#include <string>
#include <vector>

#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "tests/cuda/compare.h"
#include "tests/cuda/device.h"

namespace plastic::test {
namespace {

constexpr DType all_dtypes[] = {DType::f32, DType::f64, DType::bf16, DType::i64, DType::u8};

Tensor random_values(const Shape& shape, DType dtype, double low = -100, double high = 100) {
  Generator generator{.seed = 5};
  return uniform(shape, dtype == DType::u8 ? 0 : low, high, generator, DType::f64).to(dtype);
}

TEST_CASE("cuda.elementwise.converts_all_dtypes") {
  if (!has_cuda_device()) return;
  for (const DType from : all_dtypes) {
    const Tensor host = random_values({3, 11}, from);
    const Tensor device = host.to(cuda_device);
    for (const DType to : all_dtypes) {
      CAPTURE(std::string(name_of(from)));
      CAPTURE(std::string(name_of(to)));
      // Out of a u8's range there is no one answer.
      const bool is_defined = to != DType::u8 || from == DType::u8;
      if (is_defined) CHECK(are_same(device.to(to), host.to(to)));
      const Tensor small = random_values({2, 9}, from, 0, 200);
      CHECK(are_same(small.to(cuda_device).to(to), small.to(to)));
      CHECK(are_same(small.to(cuda_device).transpose(0, 1).to(to), small.transpose(0, 1).to(to)));
    }
  }
}

TEST_CASE("cuda.elementwise.converts_odd_numbers") {
  if (!has_cuda_device()) return;
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> values = {std::numeric_limits<double>::quiet_NaN(),
                                      infinity,
                                      -infinity,
                                      1e300,
                                      -1e39,
                                      3.3e38,
                                      1e-310,
                                      1e-40,
                                      1.00390625,
                                      1.01171875,
                                      -0.0,
                                      0x1.fffffep127};
  const Tensor host = Tensor::from<double>(values, {static_cast<std::int64_t>(values.size())});
  for (const DType to : {DType::f32, DType::bf16}) {
    const Tensor device = host.to(cuda_device).to(to);
    CHECK(are_same(device, host.to(to)));
    CHECK(are_same(device.to(DType::f64), host.to(to).to(DType::f64)));
  }
  // More digits than an f64 has.
  const std::vector<std::int64_t> large = {(std::int64_t{1} << 62) + 1,
                                           -(std::int64_t{1} << 53) - 1};
  const Tensor counts = Tensor::from<std::int64_t>(large, {2});
  CHECK(add(counts.to(cuda_device), counts.to(cuda_device).slice(0, 1, 2))
            .to_vector<std::int64_t>() ==
        add(counts, counts.slice(0, 1, 2)).to_vector<std::int64_t>());
}

TEST_CASE("cuda.elementwise.any_length_and_alignment") {
  if (!has_cuda_device()) return;
  for (const DType dtype : all_dtypes) {
    if (dtype == DType::bf16) continue;
    const Tensor x = random_values({40}, dtype, -100, 3);
    const Tensor y = random_values({40}, dtype, 1, 50);
    const Tensor device_x = x.to(cuda_device);
    const Tensor device_y = y.to(cuda_device);
    for (const std::int64_t start : {0, 1, 3, 4, 16}) {
      for (std::int64_t length = 0; length <= 18; ++length) {
        CAPTURE(start);
        CAPTURE(length);
        const auto part = [&](const Tensor& t, std::int64_t from) {
          return t.slice(0, from, from + length);
        };
        CHECK(are_same(abs(part(device_x, start)), abs(part(x, start))));
        CHECK(are_same(add(part(device_x, start), part(device_y, 2)),
                       add(part(x, start), part(y, 2))));
        CHECK(are_same(less(part(device_x, start), part(device_y, 0)),
                       less(part(x, start), part(y, 0))));
        // Written in place, with neighbours that stay.
        Tensor target = y.to(cuda_device).clone();
        Tensor expected = y.clone();
        part(target, start).copy_(part(device_x, 0));
        part(expected, start).copy_(part(x, 0));
        part(target, 39 - length).fill_(7);
        part(expected, 39 - length).fill_(7);
        CHECK(are_same(target, expected));
      }
    }
  }
}

TEST_CASE("cuda.elementwise.integers") {
  if (!has_cuda_device()) return;
  for (const DType dtype : {DType::i64, DType::u8}) {
    const Tensor x = random_values({5, 4}, dtype);
    const Tensor y = random_values({4}, dtype, 1, 20) + 1.0;
    const Tensor a = x.to(cuda_device);
    const Tensor b = y.to(cuda_device);
    CAPTURE(std::string(name_of(dtype)));
    CHECK(are_same(a + b, x + y));
    CHECK(are_same(a - b, x - y));
    CHECK(are_same(a * b, x * y));
    CHECK(are_same(a / b, x / y));
    CHECK(are_same(-a, -x));
    CHECK(are_same(sign(a), sign(x)));
    CHECK(are_same(a * 3.0, x * 3.0));
    CHECK(are_same(where(less(a, b), a, b), where(less(x, y), x, y)));
    CHECK(are_same(masked_fill(a, equal(a, a), 9), masked_fill(x, equal(x, x), 9)));
  }
}

TEST_CASE("cuda.elementwise.nan_stays") {
  if (!has_cuda_device()) return;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor x = Tensor::of({nan, -1, 2, nan, 0}, {5});
  const Tensor y = Tensor::of({1, nan, 2, nan, -0.0F}, {5});
  const Tensor a = x.to(cuda_device);
  const Tensor b = y.to(cuda_device);
  CHECK(are_same(relu(a), relu(x)));
  CHECK(are_same(clamp(a, -0.5, 0.5), clamp(x, -0.5, 0.5)));
  CHECK(are_same(sign(a), sign(x)));
  CHECK(are_same(abs(a), abs(x)));
  CHECK(are_same(equal(a, b), equal(x, y)));
  CHECK(are_same(not_equal(a, b), not_equal(x, y)));
  CHECK(are_same(less_equal(a, b), less_equal(x, y)));
  CHECK(are_same(greater(a, b), greater(x, y)));
}

TEST_CASE("cuda.elementwise.broadcasts") {
  if (!has_cuda_device()) return;
  const Shape shapes[] = {{16}, {1, 16}, {3, 1}, {1, 1}, {3, 16}, {2, 1, 16}, {2, 3, 1}, {}};
  for (const Shape& left : shapes) {
    for (const Shape& right : shapes) {
      CAPTURE(to_string(left));
      CAPTURE(to_string(right));
      const Tensor x = random_values(left, DType::f32);
      const Tensor y = random_values(right, DType::f32, 1, 9);
      CHECK(are_same(sub(x.to(cuda_device), y.to(cuda_device)), sub(x, y)));
      CHECK(are_same(greater(x.to(cuda_device), y.to(cuda_device)), greater(x, y)));
    }
  }
}

TEST_CASE("cuda.elementwise.transposes") {
  if (!has_cuda_device()) return;
  for (const DType dtype : all_dtypes) {
    CAPTURE(std::string(name_of(dtype)));
    for (const Shape& shape : {Shape{33, 65}, Shape{64, 32}, Shape{16, 100}, Shape{3, 70}}) {
      const Tensor x = random_values(shape, dtype);
      CHECK(are_same(x.to(cuda_device).transpose(0, 1).contiguous(), x.transpose(0, 1)));
    }
    const Tensor images = random_values({2, 35, 6, 7}, dtype);
    CHECK(are_same(images.to(cuda_device).permute({0, 2, 3, 1}).contiguous(),
                   images.permute({0, 2, 3, 1})));
    CHECK(are_same(images.to(cuda_device).permute({3, 1, 0, 2}).contiguous(),
                   images.permute({3, 1, 0, 2})));
    // Not all of a matrix, from within one.
    const Tensor wide = random_values({40, 50}, dtype);
    const auto part = [](const Tensor& t) { return t.slice(0, 3, 39).slice(1, 5, 42); };
    CHECK(are_same(part(wide.to(cuda_device)).transpose(0, 1).contiguous(),
                   part(wide).transpose(0, 1)));
    Tensor target = Tensor::zeros({50, 40}, {.dtype = dtype, .device = cuda_device});
    target.slice(0, 5, 42).slice(1, 3, 39).copy_(part(wide.to(cuda_device)).transpose(0, 1));
    Tensor expected = Tensor::zeros({50, 40}, {.dtype = dtype});
    expected.slice(0, 5, 42).slice(1, 3, 39).copy_(part(wide).transpose(0, 1));
    CHECK(are_same(target, expected));
  }
}

// The CPU computes nothing in bf16: what is expected is f32's result, rounded once.
TEST_CASE("cuda.elementwise.bf16_is_rounded_once") {
  if (!has_cuda_device()) return;
  for (const Shape& shape : {Shape{5, 16}, Shape{3, 7}}) {
    const Tensor x = random_values(shape, DType::bf16);
    const Tensor y = random_values({shape.back()}, DType::bf16, 1, 9);
    const Tensor wide_x = x.to(DType::f32);
    const Tensor wide_y = y.to(DType::f32);
    const Tensor a = x.to(cuda_device);
    const Tensor b = y.to(cuda_device);
    const auto rounded = [](const Tensor& t) { return t.to(DType::bf16); };
    CHECK(are_same(relu(a), rounded(relu(wide_x))));
    CHECK(are_same(add(a, b), rounded(add(wide_x, wide_y))));
    CHECK(are_same(mul(a, b), rounded(mul(wide_x, wide_y))));
    CHECK(are_same(div(a, b), rounded(div(wide_x, wide_y))));
    CHECK(are_same(a * 2.0, rounded(wide_x * 2.0)));
    CHECK(are_same(less(a, b), less(wide_x, wide_y)));
    CHECK(are_same(where(less(a, b), a, b.expand(shape)),
                   rounded(where(less(wide_x, wide_y), wide_x, wide_y.expand(shape)))));
    CHECK(are_same(a.clone(), x));
    CHECK(are_same(a.transpose(0, 1).contiguous(), x.transpose(0, 1)));
    Tensor copied = Tensor::full(shape, 3, {.dtype = DType::bf16, .device = cuda_device});
    CHECK(are_same(copied, Tensor::full(shape, 3).to(DType::bf16)));
    copied.copy_(wide_x.to(cuda_device));
    CHECK(are_same(copied, x));
  }
}

}  // namespace
}  // namespace plastic::test
