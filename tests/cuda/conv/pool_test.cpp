// Pools whose windows overlap, reach over edges or are many.
#include "plastic/core/ops/pool.h"

#include <limits>

#include "plastic/core/autograd.h"
#include "plastic/core/random.h"
#include "plastic/core/recording.h"
#include "tests/cuda/compare.h"
#include "tests/cuda/device.h"

namespace plastic::test {
namespace {

/// Compares result and gradient with the CPU's, and with the device's own. bf16 is compared with
/// f32 of the same values. A pool that `chooses` does not round.
template <class Pool>
void check_pool(const Shape& shape, bool chooses, const Pool& pool) {
  CAPTURE(to_string(shape));
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
    CAPTURE(name_of(dtype));
    const bool is_bf16 = dtype == DType::bf16;
    const DType host_dtype = is_bf16 ? DType::f32 : dtype;
    const double rounding = is_bf16 ? 1.0 / 256 : 1e-6;
    Generator generator{.seed = 6};
    // Few different values: windows have several largest elements.
    const Tensor host = uniform(shape, 0, 20, generator, DType::f64).to(DType::i64);
    const auto run = [&](Device device) {
      const DType used = device == cuda_device ? dtype : host_dtype;
      Tensor x = host.to(used).to(device).detach();
      x.set_requires_grad();
      const Tensor y = pool(x);
      Generator at{.seed = 7};
      y.backward(normal(y.shape(), 0, 1, at, host_dtype).to(dtype).to(used).to(device));
      return std::pair(y.detach(), x.grad());
    };
    const auto [expected, expected_grad] = run(Device{});
    const auto [actual, actual_grad] = run(cuda_device);
    CHECK(worst_difference(actual, expected) <= (chooses ? 0 : rounding));
    CHECK(worst_difference(actual_grad, expected_grad) <= rounding);
    CHECK(are_same(run(cuda_device).second, actual_grad));
  }
}

TEST_CASE("cuda.pool.max_agrees_with_cpu") {
  if (!has_cuda_device()) return;
  const auto with = [](const MaxPool2dOptions& options) {
    return [=](const Tensor& x) { return max_pool2d(x, options); };
  };
  for (const std::int64_t channels : {1, 3, 4, 70}) {
    check_pool({3, channels, 13, 11}, true, with({}));
    check_pool({3, channels, 13, 11}, true,
               with({.kernel = {3, 3}, .stride = {{2, 2}}, .padding = {1, 1}}));
    check_pool({2, channels, 9, 14}, true,
               with({.kernel = {2, 4}, .stride = {{1, 3}}, .padding = {0, 2}, .ceil_mode = true}));
  }
  check_pool({40, 64, 32, 8}, true, with({}));
  // Offsets that a byte cannot hold.
  check_pool({2, 5, 30, 40}, true,
             with({.kernel = {17, 18}, .stride = {{3, 5}}, .padding = {8, 9}}));
}

TEST_CASE("cuda.pool.nan_wins") {
  if (!has_cuda_device()) return;
  Tensor x = Tensor::ones({1, 4, 4, 4});
  x.mutable_data<float>()[5] = std::numeric_limits<float>::quiet_NaN();
  x.mutable_data<float>()[2] = std::numeric_limits<float>::infinity();
  CHECK(are_same(max_pool2d(x.to(cuda_device)), max_pool2d(x)));
}

TEST_CASE("cuda.pool.average_agrees_with_cpu") {
  if (!has_cuda_device()) return;
  const auto sliding = [](const AvgPool2dOptions& options) {
    return [=](const Tensor& x) { return avg_pool2d(x, options); };
  };
  const auto adaptive = [](std::int64_t rows, std::int64_t columns) {
    return [=](const Tensor& x) { return adaptive_avg_pool2d(x, {rows, columns}); };
  };
  for (const std::int64_t channels : {1, 3, 4, 70}) {
    check_pool({3, channels, 13, 11}, false, sliding({}));
    check_pool({3, channels, 13, 11}, false,
               sliding({.kernel = {3, 3}, .stride = {{2, 1}}, .padding = {1, 1}}));
    check_pool(
        {2, channels, 13, 11}, false,
        sliding(
            {.kernel = {3, 4}, .padding = {1, 2}, .ceil_mode = true, .count_include_pad = false}));
    check_pool({2, channels, 13, 11}, false, adaptive(1, 1));
    check_pool({2, channels, 13, 11}, false, adaptive(5, 4));
    check_pool({2, channels, 3, 2}, false, adaptive(4, 5));
  }
  check_pool({2, 5, 40, 30}, false, adaptive(1, 1));
  // One window that is not the whole image.
  check_pool({2, 8, 5, 5}, false, sliding({.kernel = {4, 3}, .stride = {{4, 4}}}));
  // More windows than a kernel's parameters hold.
  check_pool({2, 3, 150, 70}, false, sliding({.kernel = {3, 2}, .stride = {{1, 1}}}));
  check_pool({1, 4, 20, 300}, false, adaptive(10, 280));
}

TEST_CASE("cuda.pool.average_can_be_recorded") {
  if (!has_cuda_device()) return;
  Generator generator{.seed = 3};
  for (const Shape& shape : {Shape{2, 3, 150, 70}, Shape{2, 3, 12, 10}}) {
    Tensor x = uniform(shape, 0, 1, generator).to(cuda_device);
    const auto pool = [&] { return avg_pool2d(x, {.kernel = {3, 2}, .stride = {{1, 1}}}); };
    Tensor y = Tensor::zeros(pool().shape(), {.device = cuda_device});
    Recording recording(cuda_device, generator, [&] { y.copy_(pool()); });
    x.copy_(uniform(shape, 0, 1, generator).to(cuda_device));
    recording.repeat();
    CHECK(are_same(y, pool()));
  }
}

}  // namespace
}  // namespace plastic::test
