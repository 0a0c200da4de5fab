// Batch normalisation in every way that the kernels share out the work.
#include "plastic/core/ops/batch_norm.h"

#include <cmath>
#include <limits>

#include "core/device/backend.h"
#include "core/device/training_statistics.h"
#include "core/ops/running_statistics_rule.h"
#include "core/tensor/tensor_impl.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/random.h"
#include "tests/cuda/compare.h"
#include "tests/cuda/device.h"

namespace plastic::test {
namespace {

struct Inputs {
  Tensor x, weight, bias, skip, mean, variance, grad;
};

Inputs inputs_for(const Shape& shape, DType dtype) {
  Generator generator{.seed = 3};
  const std::int64_t channels = shape[1];
  return {.x = normal(shape, 0.5, 2, generator, dtype),
          .weight = uniform({channels}, 0.5, 1.5, generator, dtype),
          .bias = uniform({channels}, -1, 1, generator, dtype),
          .skip = normal(shape, 0, 1, generator, dtype),
          .mean = uniform({channels}, -1, 1, generator, dtype),
          .variance = uniform({channels}, 1, 2, generator, dtype),
          .grad = normal(shape, 0.1, 1, generator, dtype)};
}

struct Mode {
  bool training, relu, skip, affine;
  /// Whether the gradient of x and skip are wanted, or those of weight and bias alone.
  bool grad_inputs;
};

const std::vector<Mode>& modes() {
  static const std::vector<Mode> all = {
      {.training = true, .relu = false, .skip = false, .affine = true, .grad_inputs = true},
      {.training = true, .relu = true, .skip = false, .affine = true, .grad_inputs = true},
      {.training = true, .relu = true, .skip = true, .affine = true, .grad_inputs = true},
      {.training = true, .relu = false, .skip = true, .affine = true, .grad_inputs = true},
      {.training = true, .relu = true, .skip = false, .affine = false, .grad_inputs = true},
      {.training = true, .relu = true, .skip = true, .affine = true, .grad_inputs = false},
      {.training = false, .relu = true, .skip = false, .affine = true, .grad_inputs = true},
      {.training = false, .relu = false, .skip = false, .affine = false, .grad_inputs = true},
      {.training = false, .relu = true, .skip = true, .affine = true, .grad_inputs = true},
  };
  return all;
}

/// The result, the running statistics after it and the gradients.
std::vector<Tensor> run(const Inputs& host, const Mode& mode, Device device) {
  const auto moved = [&](const Tensor& tensor, bool requires_grad) {
    Tensor copy = tensor.clone().to(device).detach();
    if (requires_grad) copy.set_requires_grad();
    return copy;
  };
  const Tensor x = moved(host.x, mode.grad_inputs);
  const Tensor weight = mode.affine ? moved(host.weight, true) : Tensor();
  const Tensor bias = mode.affine ? moved(host.bias, true) : Tensor();
  const Tensor skip = mode.skip ? moved(host.skip, mode.grad_inputs) : Tensor();
  const Tensor mean = moved(host.mean, false);
  const Tensor variance = moved(host.variance, false);
  const Tensor y = batch_norm(x, weight, bias, mean, variance,
                              {.training = mode.training,
                               .skip = skip,
                               .activation = mode.relu ? Activation::relu : Activation::none});
  y.backward(moved(host.grad, false));
  std::vector<Tensor> results = {y, mean, variance};
  for (const Tensor& input : {x, weight, bias, skip}) {
    if (input.defined() && input.grad().defined()) results.push_back(input.grad());
  }
  return results;
}

TEST_CASE("cuda.batch_norm.agrees_with_cpu") {
  if (!has_cuda_device()) return;
  const std::vector<Shape> shapes = {{32, 64, 8, 8}, {600, 130}, {40, 3, 9, 9}, {5000, 1},
                                     {3, 8, 2, 2},   {7, 1000},  {2, 512, 4, 4}};
  for (const Shape& shape : shapes) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      // The kernels differ in types alone.
      if (dtype == DType::f64 && shape.numel() > 20'000) continue;
      const Inputs inputs = inputs_for(shape, dtype);
      for (const Mode& mode : modes()) {
        CAPTURE(to_string(shape));
        CAPTURE(name_of(dtype));
        CAPTURE(mode.training);
        CAPTURE(mode.relu);
        CAPTURE(mode.skip);
        CAPTURE(mode.affine);
        CAPTURE(mode.grad_inputs);
        const std::vector<Tensor> expected = run(inputs, mode, Device{});
        const std::vector<Tensor> actual = run(inputs, mode, cuda_device);
        const std::vector<Tensor> again = run(inputs, mode, cuda_device);
        REQUIRE(actual.size() == expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
          CAPTURE(i);
          CHECK(worst_difference(actual[i], expected[i]) <= (dtype == DType::f32 ? 1e-5 : 1e-12));
          CHECK(are_same(actual[i], again[i]));
        }
      }
    }
  }
}

struct Moments {
  Tensor mean, variance;
};

Moments empty_moments(const Tensor& rows) {
  const TensorOptions options{.dtype = DType::f64, .device = rows.device()};
  return {Tensor::empty({rows.size(1)}, options), Tensor::empty({rows.size(1)}, options)};
}

Moments moments_of(const Tensor& rows) {
  Moments of = empty_moments(rows);
  backend(rows.device())
      .batch_norm_statistics(rows.dtype(), rows.size(0), rows.size(1), array_of(rows).data,
                             array_of(of.mean).as<double>(), array_of(of.variance).as<double>());
  return of;
}

TEST_CASE("cuda.batch_norm.statistics_far_from_zero") {
  if (!has_cuda_device()) return;
  Generator generator{.seed = 8};
  // Σx² - (Σx)²/n in f32 would have nothing left of the variance.
  for (const double mean : {0.0, 1e3, 1e5}) {
    CAPTURE(mean);
    const Tensor x = normal({20'000, 12}, mean, 1, generator);
    const Moments exact = moments_of(x.to(DType::f64));
    const Moments actual = moments_of(x.to(cuda_device));
    CHECK(worst_difference(actual.mean, exact.mean) <= 1e-7);
    CHECK(worst_difference(actual.variance, exact.variance) <= 1e-7);
    MESSAGE("mean " << mean << ": relative errors " << worst_difference(actual.mean, exact.mean)
                    << " of the mean, " << worst_difference(actual.variance, exact.variance)
                    << " of the variance");
  }
  // What does not vary has no variance, not one below 0.
  const Moments constant = moments_of(Tensor::full({5000, 3}, 0.1, {.device = cuda_device}));
  CHECK(constant.variance.to_vector<double>() == std::vector<double>(3, 0));
}

/// What the kernels make of `x` and `grad` with weight, bias, skip and relu: the result and the
/// gradients of x, skip, weight and bias.
std::vector<Tensor> run_kernels(const Inputs& in, const Moments& moments) {
  const DType dtype = in.x.dtype();
  const Device device = in.x.device();
  const auto like = [](const Tensor& t) {
    return Tensor::empty(t.shape(), {.dtype = t.dtype(), .device = t.device()});
  };
  std::vector<Tensor> out = {like(in.x), like(in.x), like(in.x), like(in.weight), like(in.bias)};
  const BatchNormCall call{.dtype = dtype,
                           .rows = in.x.size(0),
                           .channels = in.x.size(1),
                           .x = array_of(in.x).data,
                           .mean = array_of(moments.mean).as<double>(),
                           .variance = array_of(moments.variance).as<double>(),
                           .eps = 1e-5,
                           .weight = array_of(in.weight).data,
                           .bias = array_of(in.bias).data,
                           .skip = array_of(in.skip).data,
                           .relu = true};
  backend(device).batch_norm(call, array_of(out[0]).data);
  backend(device).batch_norm_grad(call, {.grad_y = array_of(in.grad).data,
                                         .y = array_of(out[0]).data,
                                         .grad_x = array_of(out[1]).data,
                                         .grad_skip = array_of(out[2]).data,
                                         .grad_weight = array_of(out[3]).data,
                                         .grad_bias = array_of(out[4]).data});
  return out;
}

TEST_CASE("cuda.batch_norm.bf16_has_f32_parameters") {
  if (!has_cuda_device()) return;
  for (const Shape& shape : {Shape{3000, 64}, Shape{500, 3}, Shape{70, 20}}) {
    CAPTURE(to_string(shape));
    Inputs host = inputs_for(shape, DType::f32);
    Inputs device;
    for (Tensor Inputs::*part : {&Inputs::x, &Inputs::skip, &Inputs::grad}) {
      device.*part = (host.*part).to(DType::bf16).to(cuda_device);
      host.*part = (device.*part).to(Device{}).to(DType::f32);
    }
    device.weight = host.weight.to(cuda_device);
    device.bias = host.bias.to(cuda_device);
    const Moments expected = moments_of(host.x);
    const Moments actual = moments_of(device.x);
    CHECK(worst_difference(actual.mean, expected.mean) <= 1e-7);
    CHECK(worst_difference(actual.variance, expected.variance) <= 1e-7);
    const std::vector<Tensor> on_host = run_kernels(host, expected);
    const std::vector<Tensor> on_device = run_kernels(device, actual);
    // The result is rounded to 8 bits, and so is what the gradient of x is computed from.
    for (std::size_t i = 0; i < 3; ++i) {
      CAPTURE(i);
      CHECK(worst_difference(on_device[i], on_host[i]) <= 1.0 / 128);
    }
    // Sums are those of f32.
    CHECK(worst_difference(on_device[3], on_host[3]) <= 1e-5);
    CHECK(worst_difference(on_device[4], on_host[4]) <= 1e-5);
  }
}

// Expected from the device's own moments, whose last digits may differ from the CPU's.
TEST_CASE("cuda.batch_norm.running_statistics_follow_the_rule_to_the_bit") {
  if (!has_cuda_device()) return;
  Generator generator{.seed = 9};
  constexpr rules::MoveTowards towards{0.1};
  for (const Shape& shape : {Shape{33, 1}, Shape{33, 700}, Shape{5000, 8}}) {
    CAPTURE(to_string(shape));
    const std::int64_t channels = shape[1];
    const double bessel = static_cast<double>(shape[0]) / static_cast<double>(shape[0] - 1);
    for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
      CAPTURE(name_of(dtype));
      const DType parameters = parameter_dtype(dtype);
      const Tensor x = normal({shape[0], channels}, 1, 2, generator, DType::f32).to(dtype);
      const Tensor mean = normal({channels}, 0, 1, generator, parameters);
      const Tensor variance = uniform({channels}, 0, 1, generator, parameters);
      const Tensor moved[] = {mean.to(cuda_device), variance.to(cuda_device)};
      const Tensor count = Tensor::full({}, 4, {.dtype = DType::i64, .device = cuda_device});
      const Tensor there = x.to(cuda_device);
      const Moments of = empty_moments(there);
      auto* device = dynamic_cast<TrainingStatistics*>(&backend(cuda_device));
      REQUIRE(device != nullptr);
      device->batch_norm_training_statistics({.dtype = dtype,
                                              .rows = shape[0],
                                              .channels = channels,
                                              .x = array_of(there).data,
                                              .mean = array_of(of.mean).as<double>(),
                                              .variance = array_of(of.variance).as<double>(),
                                              .momentum = 0.1,
                                              .bessel = bessel,
                                              .running_mean = array_of(moved[0]).data,
                                              .running_var = array_of(moved[1]).data,
                                              .batches = array_of(count).as<std::int64_t>()});
      const Moments alone = moments_of(there);
      CHECK(are_same(of.mean, alone.mean));
      CHECK(are_same(of.variance, alone.variance));
      const auto host = [](const Tensor& t) {
        return t.to(Device{}).to(DType::f64).to_vector<double>();
      };
      const std::vector<double> own[] = {host(of.mean), host(of.variance)};
      const std::vector<double> before[] = {host(mean), host(variance)};
      const std::vector<double> after[] = {host(moved[0]), host(moved[1])};
      const auto rounded = [&](double value) {
        return parameters == DType::f32 ? static_cast<double>(static_cast<float>(value)) : value;
      };
      for (std::size_t c = 0; c < own[0].size(); ++c) {
        CHECK(after[0][c] == rounded(towards(before[0][c], own[0][c])));
        CHECK(after[1][c] == rounded(towards(before[1][c], rules::corrected(own[1][c], bessel))));
      }
      CHECK(count.item() == 5);
    }
  }
}

TEST_CASE("cuda.batch_norm.running_statistics_have_the_cpu_s_bits") {
  if (!has_cuda_device()) return;
  Generator generator{.seed = 9};
  const auto running = [](const Tensor& mean, const Tensor& variance, const Moments& of) {
    std::vector<Tensor> moved = {mean.clone(), variance.clone()};
    backend(mean.device())
        .batch_norm_running({.dtype = mean.dtype(),
                             .channels = mean.numel(),
                             .momentum = 0.1,
                             .bessel = 33.0 / 32,
                             .mean = array_of(of.mean).as<double>(),
                             .variance = array_of(of.variance).as<double>(),
                             .running_mean = array_of(moved[0]).data,
                             .running_var = array_of(moved[1]).data});
    return moved;
  };
  for (const std::int64_t channels : {1, 700}) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      const Tensor mean = normal({channels}, 0, 1, generator, dtype);
      const Tensor variance = uniform({channels}, 0, 1, generator, dtype);
      const Moments of{normal({channels}, 0, 1, generator, DType::f64),
                       uniform({channels}, 0, 1, generator, DType::f64)};
      const auto expected = running(mean, variance, of);
      const auto actual = running(mean.to(cuda_device), variance.to(cuda_device),
                                  {of.mean.to(cuda_device), of.variance.to(cuda_device)});
      CHECK(are_same(actual[0], expected[0]));
      CHECK(are_same(actual[1], expected[1]));
    }
  }
}

TEST_CASE("cuda.batch_norm.nan_stays_in_its_channel") {
  if (!has_cuda_device()) return;
  Generator generator{.seed = 2};
  for (const std::int64_t row : {0, 2999}) {
    Tensor x = normal({3000, 8}, 0, 1, generator);
    x.mutable_data<float>()[row * 8 + 5] = std::numeric_limits<float>::quiet_NaN();
    const Inputs inputs = inputs_for({3000, 8}, DType::f32);
    const Tensor y =
        batch_norm(x.to(cuda_device), {}, {}, {}, {}, {.activation = Activation::relu});
    for (std::int64_t c = 0; c < 8; ++c) {
      const std::vector<float> channel = y.slice(1, c, c + 1).contiguous().to_vector<float>();
      for (const float value : channel) REQUIRE(std::isnan(value) == (c == 5));
    }
  }
}

TEST_CASE("cuda.batch_norm.rows_that_are_not_aligned") {
  if (!has_cuda_device()) return;
  Generator generator{.seed = 4};
  const Tensor flat = normal({4001}, 0, 1, generator);
  const auto rows = [](const Tensor& t) { return t.slice(0, 1, 4001).reshape({1000, 4}); };
  const Tensor y = batch_norm(rows(flat.to(cuda_device)), {}, {}, {}, {});
  CHECK(worst_difference(y, batch_norm(rows(flat), {}, {}, {}, {})) <= 1e-5);
}

}  // namespace
}  // namespace plastic::test
