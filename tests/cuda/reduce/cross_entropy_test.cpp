#include "plastic/core/ops/cross_entropy.h"

#include <cmath>
#include <limits>

#include "plastic/core/autograd.h"
#include "plastic/core/random.h"
#include "plastic/core/recording.h"
#include "tests/cuda/compare.h"
#include "tests/cuda/device.h"

namespace plastic::test {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

Tensor labels(std::int64_t rows, std::int64_t classes) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < rows; ++i) values.push_back(i * 7 % classes);
  return Tensor::from<std::int64_t>(values, {rows});
}

/// Loss and gradient.
std::pair<Tensor, Tensor> run(const Tensor& logits, const Tensor& targets, Device device) {
  Tensor z = logits.to(device).detach();
  z.set_requires_grad();
  const Tensor loss = cross_entropy(z, targets.to(device));
  loss.backward(Tensor::full({}, 1.5, {.dtype = logits.dtype(), .device = device}));
  return {loss.detach(), z.grad()};
}

TEST_CASE("cuda.cross_entropy.agrees_with_cpu") {
  if (!has_cuda_device()) return;
  Generator generator{.seed = 1};
  for (const Shape& shape : {Shape{128, 10}, Shape{5, 1}, Shape{1, 3}, Shape{2000, 7},
                             Shape{40, 1000}, Shape{30, 3000}}) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      CAPTURE(to_string(shape));
      CAPTURE(name_of(dtype));
      const Tensor logits = normal(shape, 0, 5, generator, dtype);
      const Tensor targets = labels(shape[0], shape[1]);
      const auto [expected, expected_grad] = run(logits, targets, Device{});
      const auto [actual, actual_grad] = run(logits, targets, cuda_device);
      const double tolerance = dtype == DType::f32 ? 1e-6 : 1e-14;
      CHECK(worst_difference(actual, expected) <= tolerance);
      CHECK(worst_difference(actual_grad, expected_grad) <= tolerance);
      CHECK(are_same(run(logits, targets, cuda_device).first, actual));
    }
  }
}

TEST_CASE("cuda.cross_entropy.large_logits_and_nan") {
  if (!has_cuda_device()) return;
  const auto loss = [](const Tensor& logits) {
    return cross_entropy(logits.to(cuda_device), labels(2, 3).to(cuda_device)).item();
  };
  CHECK(loss(Tensor::of({1e4F, -1e4F, 0, 1e30F, 0, 1e30F}, {2, 3})) == doctest::Approx(5e29));
  CHECK(std::isnan(loss(Tensor::of({nan, 0, 0, 0, 0, 0}, {2, 3}))));
  CHECK(std::isnan(loss(Tensor::of({0, 0, 0, 0, 0, nan}, {2, 3}))));
  const Tensor none = Tensor::zeros({0, 3}, {.device = cuda_device});
  CHECK(std::isnan(cross_entropy(none, labels(0, 3).to(cuda_device)).item()));
}

TEST_CASE("cuda.cross_entropy.says_which_target_is_out_of_range") {
  if (!has_cuda_device()) return;
  for (const std::int64_t classes : {10, 2000}) {
    const Tensor logits = Tensor::zeros({300, classes}, {.device = cuda_device});
    Tensor targets = labels(300, classes);
    targets.mutable_data<std::int64_t>()[277] = -1;
    targets.mutable_data<std::int64_t>()[203] = classes;
    CHECK_THROWS_WITH_AS(cross_entropy(logits, targets.to(cuda_device)),
                         doctest::Contains("at position 203 is not in [0, "), Error);
    // And the next call is none the worse for it.
    CHECK(cross_entropy(logits, labels(300, classes).to(cuda_device)).item() ==
          doctest::Approx(std::log(static_cast<double>(classes))));
  }
}

TEST_CASE("cuda.cross_entropy.can_be_recorded") {
  if (!has_cuda_device()) return;
  Generator generator{.seed = 2};
  Tensor logits = normal({64, 10}, 0, 1, generator).to(cuda_device);
  Tensor targets = labels(64, 10).to(cuda_device);
  Tensor loss = Tensor::zeros({}, {.device = cuda_device});
  Tensor grad = Tensor::zeros({64, 10}, {.device = cuda_device});
  const auto step = [&] {
    Tensor z = logits.detach();
    z.set_requires_grad();
    const Tensor result = cross_entropy(z, targets);
    result.backward();
    loss.copy_(result.detach());
    grad.copy_(z.grad());
  };
  Recording recording(cuda_device, generator, step);
  for (int i = 0; i < 2; ++i) {
    const Tensor host = normal({64, 10}, 0, 1, generator);
    logits.copy_(host.to(cuda_device));
    recording.repeat();
    CHECK(worst_difference(loss, cross_entropy(host, labels(64, 10))) <= 1e-6);
  }
  // A target out of range that nobody looks for shows in the loss and in its row's gradient.
  Tensor bad = labels(64, 10);
  bad.mutable_data<std::int64_t>()[5] = 10;
  targets.copy_(bad.to(cuda_device));
  recording.repeat();
  CHECK(std::isnan(loss.item()));
  CHECK(std::isnan(grad.to_vector<float>()[50]));
  CHECK(std::isfinite(grad.to_vector<float>()[49]));
}

}  // namespace
}  // namespace plastic::test
