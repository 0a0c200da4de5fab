// Random numbers are the CPU's: masks and uniform numbers to the bit.
#include "plastic/core/random.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include "core/device/backend.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/ops.h"
#include "plastic/core/recording.h"
#include "tests/cuda/compare.h"
#include "tests/cuda/device.h"

namespace plastic::test {
namespace {

// Offsets that carry into the counter's upper word, too.
const Generator starts[] = {{.seed = 1},
                            {.seed = 0x123456789ABCDEFU, .stream = 7, .offset = 0xFFFFFFFFU},
                            {.seed = 2, .stream = std::uint64_t{1} << 40, .offset = 3}};

TEST_CASE("cuda.random.dropout_has_the_cpus_mask") {
  if (!has_cuda_device()) return;
  for (const Generator& start : starts) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      for (const std::int64_t length : {0, 1, 2, 3, 4, 5, 1000, 4099}) {
        CAPTURE(length);
        Generator generator{.seed = 4};
        const Tensor x = uniform({length + 1}, -1, 1, generator, DType::f64).to(dtype);
        for (const std::int64_t skipped : {0, 1}) {
          const Tensor host = x.slice(0, skipped, length + skipped);
          const Tensor device = x.to(cuda_device).slice(0, skipped, length + skipped);
          Generator on_host = start;
          Generator on_device = start;
          CHECK(are_same(dropout(device, 0.3, on_device), dropout(host, 0.3, on_host)));
          CHECK(on_host == on_device);
        }
      }
    }
  }
}

TEST_CASE("cuda.random.dropout_of_bf16") {
  if (!has_cuda_device()) return;
  Generator first = starts[1];
  Generator second = starts[1];
  const Tensor x = uniform({1001}, -1, 1, first).to(DType::bf16);
  second = first;
  const Tensor expected = dropout(x.to(DType::f32), 0.3, first).to(DType::bf16);
  CHECK(are_same(dropout(x.to(cuda_device), 0.3, second), expected));
}

TEST_CASE("cuda.random.uniform_and_normal") {
  if (!has_cuda_device()) return;
  for (const Generator& start : starts) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      for (const std::int64_t length : {1, 2, 3, 6, 1000, 4099}) {
        CAPTURE(length);
        Tensor host = Tensor::empty({length}, {.dtype = dtype});
        Tensor device = Tensor::empty({length}, {.dtype = dtype, .device = cuda_device});
        backend({}).uniform(array_of(host), -0.3, 0.7, start);
        backend(cuda_device).uniform(array_of(device), -0.3, 0.7, start);
        CHECK(are_same(device, host));
        backend({}).normal(array_of(host), 1, 0.5, start);
        backend(cuda_device).normal(array_of(device), 1, 0.5, start);
        const std::vector<double> expected = host.to(DType::f64).to_vector<double>();
        const std::vector<double> actual = device.to(DType::f64).to_vector<double>();
        double worst = 0;
        for (std::size_t i = 0; i < expected.size(); ++i) {
          worst = std::max(worst, std::abs(actual[i] - expected[i]));
        }
        CHECK(worst <= (dtype == DType::f32 ? 1e-6 : 1e-14));
      }
    }
  }
}

TEST_CASE("cuda.random.a_recording_draws_anew") {
  if (!has_cuda_device()) return;
  Generator eager{.seed = 7, .offset = 3};
  Generator recorded = eager;
  Tensor last = Tensor::zeros({3, 101}, {.device = cuda_device});
  const auto draw = [](const Tensor& out, Generator& generator) {
    backend(out.device()).uniform(array_of(out), 0, 1, generator);
    generator.offset += 76;
    const Tensor noise = Tensor::empty(out.shape(), {.device = out.device()});
    backend(out.device()).normal(array_of(noise), 0, 1, generator);
    generator.offset += 76;
    Tensor sum = out;
    sum.copy_(add(out, noise));
  };
  Recording recording(cuda_device, recorded, [&] { draw(last, recorded); });
  for (int step = 0; step < 3; ++step) {
    recording.repeat();
    const Tensor expected = Tensor::empty({3, 101}, {.device = cuda_device});
    draw(expected, eager);
    CHECK(are_same(last, expected));
    CHECK(recorded == eager);
  }
}

}  // namespace
}  // namespace plastic::test
