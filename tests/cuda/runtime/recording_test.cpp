#include "plastic/core/recording.h"

#include <memory>
#include <vector>

#include "plastic/core/autograd.h"
#include "plastic/core/ops.h"
#include "plastic/core/ops/dropout.h"
#include "tests/cuda/device.h"

namespace plastic::test {
namespace {

TEST_CASE("cuda.recording.repeats_on_new_contents") {
  if (!has_cuda_device()) return;
  Generator generator{.seed = 1};
  Tensor x = Tensor::full({5}, 2, {.device = cuda_device});
  Tensor sum = Tensor::zeros({5}, {.device = cuda_device});
  Recording recording(cuda_device, generator, [&] { sum.copy_(add(sum, mul(x, x))); });
  // Recorded, not done.
  CHECK(sum.to_vector<float>() == std::vector<float>(5, 0));
  recording.repeat();
  x.fill_(3);
  recording.repeat();
  CHECK(sum.to_vector<float>() == std::vector<float>(5, 13));
}

TEST_CASE("cuda.recording.random_numbers_go_on") {
  if (!has_cuda_device()) return;
  const Tensor ones = Tensor::ones({1000}, {.device = cuda_device});
  Generator eager{.seed = 7, .offset = 3};
  Generator recorded = eager;
  Tensor last = Tensor::zeros({1000}, {.device = cuda_device});
  Recording recording(cuda_device, recorded, [&] { last.copy_(dropout(ones, 0.5, recorded)); });
  CHECK(recorded == eager);
  for (int step = 0; step < 3; ++step) {
    recording.repeat();
    CHECK(last.to_vector<float>() == dropout(ones, 0.5, eager).to_vector<float>());
    CHECK(recorded == eager);
  }
}

TEST_CASE("cuda.recording.outlives_other_tensors") {
  if (!has_cuda_device()) return;
  Generator generator;
  Tensor x = Tensor::full({1000}, 1, {.device = cuda_device});
  Tensor y;
  Recording recording(cuda_device, generator, [&] { y = add(mul(x, 2), mul(x, 3)); });
  {
    // What the recording works in may not be given to others.
    std::vector<Tensor> others;
    for (int i = 0; i < 20; ++i) others.push_back(Tensor::full({1000}, 7, {.device = cuda_device}));
    recording.repeat();
    for (const Tensor& other : others) CHECK(other.to_vector<float>()[999] == 7);
  }
  CHECK(y.to_vector<float>() == std::vector<float>(1000, 5));
}

TEST_CASE("cuda.recording.what_a_step_lets_go_stays_for_its_repetitions") {
  if (!has_cuda_device()) return;
  Generator generator;
  auto x = std::make_unique<Tensor>(Tensor::full({1000}, 2, {.device = cuda_device}));
  Tensor y = Tensor::zeros({1000}, {.device = cuda_device});
  Recording recording(cuda_device, generator, [&] {
    y.copy_(mul(*x, 3));
    x.reset();
  });
  std::vector<Tensor> others;
  for (int i = 0; i < 20; ++i) others.push_back(Tensor::full({1000}, 7, {.device = cuda_device}));
  for (int i = 0; i < 2; ++i) {
    recording.repeat();
    CHECK(y.to_vector<float>() == std::vector<float>(1000, 6));
  }
}

TEST_CASE("cuda.recording.refuses_to_wait") {
  if (!has_cuda_device()) return;
  Generator generator;
  const Tensor x = Tensor::ones({1}, {.device = cuda_device});
  CHECK_THROWS_WITH_AS(Recording(cuda_device, generator, [&] { x.item(); }),
                       doctest::Contains("while a step is being captured"), Error);
  // And the device works on.
  CHECK(add(x, 1).item() == 2);
}

TEST_CASE("core.recording.needs_a_cuda_device") {
  Generator generator;
  CHECK_THROWS_WITH_AS(Recording(Device{}, generator, [] {}),
                       doctest::Contains("the CPU captures no steps"), Error);
}

}  // namespace
}  // namespace plastic::test
