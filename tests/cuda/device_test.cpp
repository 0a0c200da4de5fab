// Memory of a device, and moving between devices.
#include "tests/cuda/device.h"

#include <numeric>

#include "plastic/core/ops.h"
#include "plastic/core/tensor.h"

namespace plastic::test {
namespace {

TEST_CASE("cuda.device.there_and_back") {
  if (!has_cuda_device()) return;
  std::vector<float> values(10'000);
  std::iota(values.begin(), values.end(), 0.0F);
  const Tensor host = Tensor::from<float>(values, {100, 100});
  const Tensor device = host.to(cuda_device);
  CHECK(device.device() == cuda_device);
  CHECK(device.to_vector<float>() == values);
  CHECK(device.transpose(0, 1).to(Device{}).contiguous().to_vector<float>() ==
        host.transpose(0, 1).contiguous().to_vector<float>());
}

TEST_CASE("cuda.device.host_cannot_read_it") {
  if (!has_cuda_device()) return;
  const Tensor device = Tensor::ones({2}, {.device = cuda_device});
  CHECK_THROWS_WITH_AS(device.data<float>(), doctest::Contains("is on cuda:0"), Error);
}

TEST_CASE("cuda.device.mixed_devices_are_an_error") {
  if (!has_cuda_device()) return;
  const Tensor device = Tensor::ones({2}, {.device = cuda_device});
  CHECK_THROWS_WITH_AS(add(device, Tensor::ones({2})), doctest::Contains("devices differ"), Error);
}

TEST_CASE("cuda.device.out_of_memory_says_what_takes_it") {
  if (!has_cuda_device()) return;
  const Tensor kept = Tensor::ones({1 << 20}, {.device = cuda_device});
  const auto too_much = [] {
    return Tensor::empty({std::int64_t{1} << 20, std::int64_t{1} << 20}, {.device = cuda_device});
  };
  CHECK_THROWS_WITH_AS(too_much(),
                       doctest::Contains("out of memory on cuda:0: asked for 4194304 MiB"), Error);
  CHECK_THROWS_WITH_AS(too_much(), doctest::Contains("the largest 4.00 MiB"), Error);
  CHECK(kept.to_vector<float>()[0] == 1);
}

TEST_CASE("cuda.device.is_described") {
  if (!has_cuda_device()) return;
  CHECK(describe(cuda_device).find(" GiB, compute capability ") != std::string::npos);
}

TEST_CASE("cuda.device.is_named_when_missing") {
  const Device missing{.type = DeviceType::cuda, .index = 99};
  CHECK_THROWS_WITH_AS(describe(missing), doctest::Contains("cuda:99 is not available"), Error);
  CHECK_THROWS_WITH_AS(Tensor::ones({1}, {.device = missing}),
                       doctest::Contains("cuda:99 is not available"), Error);
}

}  // namespace
}  // namespace plastic::test
