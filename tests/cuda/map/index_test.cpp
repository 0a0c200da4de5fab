// Indexing on the device against the CPU, to the bit.
#include <string>
#include <vector>

#include "core/device/backend.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/core/recording.h"
#include "tests/cuda/compare.h"
#include "tests/cuda/device.h"

namespace plastic::test {
namespace {

constexpr DType all_dtypes[] = {DType::f32, DType::f64, DType::bf16, DType::i64, DType::u8};

Tensor values(const Shape& shape, DType dtype) {
  Generator generator{.seed = 2};
  return uniform(shape, 0, 100, generator, DType::f64).to(dtype);
}

Tensor indices(const Shape& shape, std::int64_t limit) {
  Generator generator{.seed = 3};
  return uniform(shape, 0, static_cast<double>(limit), generator, DType::f64).to(DType::i64);
}

/// x[index[j, i], i] by the kernels of x's device. The CPU computes nothing in bf16: by way of f32.
Tensor gathered(const Tensor& x, const Tensor& index) {
  if (x.dtype() == DType::bf16 && x.device() == Device{}) {
    return gathered(x.to(DType::f32), index).to(DType::bf16);
  }
  const Tensor y = Tensor::empty(index.shape(), {.dtype = x.dtype(), .device = x.device()});
  const auto around = [](const Tensor& t) { return array_of(t.unsqueeze(0)); };
  backend(x.device()).gather(around(x), around(index), around(y));
  return y;
}

TEST_CASE("cuda.index.gathers_rows_and_elements") {
  if (!has_cuda_device()) return;
  const Tensor rows = indices({7}, 5).unsqueeze(1);
  for (const DType dtype : all_dtypes) {
    CAPTURE(std::string(name_of(dtype)));
    // Rows of whole vectors and of others, and whole ones that begin beside a vector.
    for (const std::int64_t length : {1, 3, 16, 32}) {
      const Tensor x = values({5, length}, dtype);
      const Tensor device = x.to(cuda_device);
      const Shape shape = {7, length};
      const Tensor expected = gathered(x, rows.expand(shape));
      CHECK(are_same(gathered(device, rows.to(cuda_device).expand(shape)), expected));
      const Tensor beside = Tensor::zeros({5 * length + 1}, {.dtype = dtype, .device = cuda_device})
                                .slice(0, 1, 5 * length + 1)
                                .reshape({5, length});
      Tensor(beside).copy_(device);
      CHECK(are_same(gathered(beside, rows.to(cuda_device).expand(shape)), expected));
      const Tensor scattered = indices(shape, 5);
      CHECK(are_same(gathered(device, scattered.to(cuda_device)), gathered(x, scattered)));
    }
  }
}

TEST_CASE("cuda.index.scatter_add_keeps_the_order") {
  if (!has_cuda_device()) return;
  // Many to a target, of sizes that make sums depend on their order; one line and many.
  for (const Shape& shape : {Shape{1, 1000, 1}, Shape{1, 300, 5}, Shape{4, 17, 33}}) {
    for (const std::int64_t size : {1, 3, 100}) {
      CAPTURE(to_string(shape));
      CAPTURE(size);
      for (const DType dtype : {DType::f32, DType::f64, DType::i64, DType::u8}) {
        const Tensor x = values(shape, dtype);
        const Tensor index = indices(shape, size);
        Tensor expected = Tensor::ones({shape[0], size, shape[2]}, {.dtype = dtype});
        Tensor out = expected.to(cuda_device).clone();
        const Tensor device = x.to(cuda_device);
        const Tensor device_index = index.to(cuda_device);
        backend(cuda_device).scatter_add(array_of(device), array_of(device_index), array_of(out));
        backend({}).scatter_add(array_of(x), array_of(index), array_of(expected));
        // The CPU carries what each addition rounds off along; whole numbers are the same.
        const double allowed = dtype == DType::f32 ? 1e-5 : dtype == DType::f64 ? 1e-13 : 0;
        CHECK(worst_difference(out, expected) <= allowed);
      }
    }
  }
}

TEST_CASE("cuda.index.finds_the_first_outside") {
  if (!has_cuda_device()) return;
  const auto first = [](const std::vector<std::int64_t>& numbers, std::int64_t limit) {
    const Tensor index =
        Tensor::from<std::int64_t>(numbers, {static_cast<std::int64_t>(numbers.size())});
    const Tensor device = index.to(cuda_device);
    return backend(cuda_device).first_outside(array_of(device), limit);
  };
  CHECK(first({}, 1) == -1);
  CHECK(first({0, 4, 2}, 5) == -1);
  CHECK(first({0, 5, -1}, 5) == 1);
  CHECK(first({0, 4, -1}, 5) == 2);
  std::vector<std::int64_t> many(5000, 3);
  CHECK(first(many, 4) == -1);
  many[4321] = 4;
  many[1234] = -7;
  many[1300] = 9;
  CHECK(first(many, 4) == 1234);
  CHECK(first({0}, 0) == 0);
}

TEST_CASE("cuda.index.is_not_checked_in_a_recording") {
  if (!has_cuda_device()) return;
  Generator generator;
  const Tensor x = Tensor::ones({3, 2}, {.device = cuda_device});
  const Tensor index = indices({2}, 3).to(cuda_device);
  CHECK_THROWS_WITH_AS(Recording(cuda_device, generator, [&] { index_select(x, 0, index); }),
                       doctest::Contains("while a step is being captured"), Error);
  CHECK(are_same(index_select(x, 0, index), Tensor::ones({2, 2})));
}

}  // namespace
}  // namespace plastic::test
