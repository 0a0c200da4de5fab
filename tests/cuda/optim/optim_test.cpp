// The optimizers on a CUDA device: against the CPU, recorded against eager.
#include <cmath>
#include <optional>

#include "core/tensor/tensor_impl.h"
#include "optim/kernels.h"
#include "plastic/core/ops.h"
#include "plastic/core/recording.h"
#include "plastic/optim/probe.h"
#include "tests/cuda/device.h"
#include "tests/cuda/optim_kinds.h"
#include "tests/optim/diagnostics_contract.h"
#include "tests/optim/golden.h"

namespace plastic::test {
namespace {

using Values = std::vector<std::vector<float>>;

std::vector<double> numbers_of(const optim::Optimizer& optimizer) {
  std::vector<double> numbers;
  for (const optim::Diagnostic& diagnostic : optimizer.diagnostics()) {
    numbers.push_back(diagnostic.value);
  }
  return numbers;
}

struct Training {
  /// After every step.
  std::vector<Values> parameters;
  std::vector<std::vector<double>> diagnostics;

  bool operator==(const Training&) const = default;
};

/// Some steps; from the second on, every third tensor has no gradient, another one each time.
Training train(const Kind& kind, Device device) {
  std::vector<Tensor> parameters = odd_parameters(device);
  const auto optimizer = kind.make(parameters);
  Training training;
  for (int step = 1; step <= 3; ++step) {
    optimizer->set_epoch(step, 3);
    give_gradients(parameters, step, [step](std::size_t i) {
      return step == 1 || (i + static_cast<std::size_t>(step)) % 3 != 0;
    });
    optimizer->step();
    training.parameters.push_back(test::values_of(parameters));
    training.diagnostics.push_back(numbers_of(*optimizer));
  }
  return training;
}

void check_close(const Training& actual, const Training& expected) {
  for (std::size_t step = 0; step < expected.parameters.size(); ++step) {
    CAPTURE(step);
    std::size_t elements = 0;
    for (const auto& tensor : expected.parameters[step]) elements += tensor.size();
    for (std::size_t i = 0; i < expected.parameters[step].size(); ++i) {
      CAPTURE(i);
      CHECK(test::relative_error(actual.parameters[step][i], expected.parameters[step][i]) <= 1e-5);
    }
    const std::vector<double>& want = expected.diagnostics[step];
    REQUIRE(actual.diagnostics[step].size() == want.size());
    for (std::size_t i = 0; i < want.size(); ++i) {
      CAPTURE(i);
      // A small deviation is the difference of two sums. An element that lies on a threshold may
      // count on either side of it, at each end of the range.
      constexpr std::size_t alpha_std = 1, near_min = 5, near_max = 6;
      const double absolute = i == alpha_std ? 5e-4
                              : i == near_min || i == near_max
                                  ? 2.01 / static_cast<double>(elements)
                                  : 1e-30;
      const double tolerance = 1e-4 * std::abs(want[i]) + absolute;
      CHECK(std::abs(actual.diagnostics[step][i] - want[i]) <= tolerance);
    }
  }
}

TEST_CASE("cuda.optim.agrees_with_cpu") {
  if (!has_cuda_device()) return;
  for (const Kind& kind : all_kinds()) {
    INFO(std::string(kind.name));
    check_close(train(kind, cuda_device), train(kind, Device{}));
  }
}

TEST_CASE("cuda.optim.same_bits_twice") {
  if (!has_cuda_device()) return;
  for (const Kind& kind : few_kinds()) {
    INFO(std::string(kind.name));
    CHECK(train(kind, cuda_device) == train(kind, cuda_device));
  }
}

TEST_CASE("cuda.optim.tensors_of_many_chunks") {
  if (!has_cuda_device()) return;
  for (const Kind& kind : few_kinds()) {
    INFO(std::string(kind.name));
    const std::vector<std::int64_t> sizes{70'000, 600'001};
    std::vector<Tensor> host = parameters_of(sizes, Device{});
    std::vector<Tensor> device = parameters_of(sizes, cuda_device);
    const auto expected = kind.make(host), actual = kind.make(device);
    give_gradients(host, 1, always);
    give_gradients(device, 1, always);
    expected->step();
    actual->step();
    check_close({{test::values_of(device)}, {numbers_of(*actual)}},
                {{test::values_of(host)}, {numbers_of(*expected)}});
  }
}

/// Recorded with few tensors, so that everything on the device must grow afterwards.
TEST_CASE("cuda.optim.recorded_steps_are_eager_steps") {
  if (!has_cuda_device()) return;
  std::vector<Kind> kinds = few_kinds();
  for (Kind& kind : test::kinds()) kinds.push_back(std::move(kind));
  for (const Kind& kind : kinds) {
    INFO(std::string(kind.name));
    std::vector<Tensor> usual = odd_parameters(cuda_device), recorded = odd_parameters(cuda_device);
    const auto eager = kind.make(usual);
    const auto other = kind.make(recorded);
    if (!eager->is_capturable()) continue;
    const auto prepare = [](optim::Optimizer& optimizer, std::vector<Tensor>& parameters,
                            int step) {
      optimizer.set_epoch(step, 5);
      optimizer.set_lr(0.1 / step);
      give_gradients(parameters, step,
                     [step](std::size_t i) { return step == 1 ? i < 2 : step != 3 || i % 2 == 0; });
    };
    prepare(*eager, usual, 1);
    prepare(*other, recorded, 1);
    eager->step();
    other->step();
    Generator generator;
    Recording recording(cuda_device, generator, [&] { other->apply(); });
    CHECK(test::values_of(recorded) == test::values_of(usual));
    for (int step = 2; step <= 5; ++step) {
      CAPTURE(step);
      prepare(*eager, usual, step);
      eager->step();
      prepare(*other, recorded, step);
      other->advance();
      recording.repeat();
      CHECK(test::values_of(recorded) == test::values_of(usual));
      CHECK(numbers_of(*other) == numbers_of(*eager));
    }
  }
}

/// What a probe reads at each of some steps, whichever tensors they update.
std::vector<optim::ProbeReading> probed(const Kind& kind, Device device, bool is_recorded) {
  std::vector<Tensor> parameters = odd_parameters(device);
  const auto optimizer = kind.make(parameters);
  std::vector<NamedTensor> named;
  for (const Tensor& one : parameters) named.push_back({std::to_string(named.size()), one});
  optim::Probe probe(*optimizer, named, {.every = 1, .sample = 0});
  Generator generator;
  std::optional<Recording> recording;
  std::vector<optim::ProbeReading> readings;
  for (int step = 1; step <= 4; ++step) {
    optimizer->set_epoch(step, 4);
    probe.before_step();
    give_gradients(parameters, step, [step](std::size_t i) {
      return step == 1 || (i + static_cast<std::size_t>(step)) % 3 != 0;
    });
    if (step == 1 || !is_recorded) {
      optimizer->step();
    } else {
      optimizer->advance();
      if (!recording) recording.emplace(device, generator, [&] { optimizer->apply(); });
      recording->repeat();
    }
    readings.push_back(*probe.after_step());
  }
  return readings;
}

TEST_CASE("cuda.optim.a_probe_reads_what_it_reads_on_the_cpu") {
  if (!has_cuda_device()) return;
  for (const Kind& kind : few_kinds()) {
    INFO(std::string(kind.name));
    const auto expected = probed(kind, Device{}, false);
    for (const bool is_recorded : {false, true}) {
      CAPTURE(is_recorded);
      const auto actual = probed(kind, cuda_device, is_recorded);
      for (std::size_t step = 0; step < expected.size(); ++step) {
        CAPTURE(step);
        CHECK(actual[step].step == expected[step].step);
        for (std::size_t i = 0; i < expected[step].tensors.size(); ++i) {
          CAPTURE(i);
          const optim::TensorReading& a = actual[step].tensors[i];
          const optim::TensorReading& b = expected[step].tensors[i];
          const auto is_close = [](double x, double y) {
            return (std::isnan(x) && std::isnan(y)) || std::abs(x - y) <= 1e-4 * (1 + std::abs(y));
          };
          CHECK(a.is_updated == b.is_updated);
          CHECK(is_close(a.weight_norm, b.weight_norm));
          CHECK(is_close(a.gradient_norm, b.gradient_norm));
          CHECK(is_close(a.update_norm, b.update_norm));
          CHECK(is_close(a.cosine, b.cosine));
          REQUIRE(a.numbers.size() == b.numbers.size());
          for (std::size_t k = 0; k < b.numbers.size(); ++k) {
            CHECK(a.numbers[k].name == b.numbers[k].name);
            CHECK(is_close(a.numbers[k].value, b.numbers[k].value));
          }
          REQUIRE(a.signals.size() == b.signals.size());
          for (std::size_t k = 0; k < b.signals.size(); ++k) {
            CHECK(is_close(a.signals[k].mean, b.signals[k].mean));
            CHECK(is_close(a.signals[k].quantiles[1], b.signals[k].quantiles[1]));
          }
        }
      }
    }
  }
}

TEST_CASE("cuda.optim.several_steps_ahead_of_the_device") {
  if (!has_cuda_device()) return;
  // Nothing waits in between: what the host sends must reach the step that it is for.
  for (const Kind& kind : test::kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> host = odd_parameters(Device{}), device = odd_parameters(cuda_device);
    for (std::vector<Tensor>* parameters : {&host, &device}) {
      give_gradients(*parameters, 1, always);
      const auto optimizer = kind.make(*parameters);
      for (int step = 1; step <= 12; ++step) {
        optimizer->set_epoch(step, 12);
        optimizer->set_lr(0.1 / step);
        optimizer->step();
      }
    }
    for (std::size_t i = 0; i < host.size(); ++i) {
      CHECK(test::relative_error(device[i].to_vector<float>(), host[i].to_vector<float>()) <= 2e-5);
    }
  }
}

TEST_CASE("cuda.optim.cannot_prepare_while_recording") {
  if (!has_cuda_device()) return;
  std::vector<Tensor> parameters = odd_parameters(cuda_device);
  optim::Adam adam(parameters);
  give_gradients(parameters, 1, always);
  adam.step();
  Generator generator;
  CHECK_THROWS_WITH_AS(Recording(cuda_device, generator, [&] { adam.step(); }),
                       doctest::Contains("while a step is being captured"), Error);
  adam.step();
}

/// A flat block of 64 elements on the device.
Tensor block(float value) { return Tensor::full({64}, value, {.device = cuda_device}); }
float* data(const Tensor& tensor) { return static_cast<float*>(tensor.impl()->data()); }

TEST_CASE("cuda.optim.leaves_alone_what_is_between_tensors") {
  if (!has_cuda_device()) return;
  const Tensor theta = block(1), g = block(1), average = block(0), square = block(0);
  const auto stepper =
      optim::kernels_for(cuda_device).elementwise(optim::rule_type<optim::AdamRule>());
  const optim::AdamRule rule{.beta1 = 0.5,
                             .one_minus_beta1 = 0.5,
                             .beta2 = 0.5,
                             .one_minus_beta2 = 0.5,
                             .step_size = 0.25,
                             .eps = 1e-8F};
  const std::vector<optim::AdamRule> rules{rule, rule};
  const std::vector<optim::StepTensor> tensors{{0, 3, data(theta)}, {16, 17, data(theta) + 16}};
  optim::RuleStep step{.tensors = tensors,
                       .rules = std::as_bytes(std::span(rules)),
                       .gradients = data(g),
                       .state = {data(average), data(square)}};
  stepper->prepare(step);
  stepper->run();
  const auto after = theta.to_vector<float>(), kept = average.to_vector<float>();
  for (std::size_t i = 0; i < after.size(); ++i) {
    CAPTURE(i);
    const bool is_stepped = i < 3 || (i >= 16 && i < 33);
    CHECK((after[i] != 1) == is_stepped);
    CHECK((kept[i] != 0) == is_stepped);
  }
  // A step over no tensors is one, too.
  step.tensors = {};
  step.rules = {};
  stepper->prepare(step);
  stepper->run();
  CHECK(theta.to_vector<float>() == after);
}

TEST_CASE("cuda.optim.diagnostics_are_of_the_last_run") {
  if (!has_cuda_device()) return;
  const Tensor theta = block(1), g = block(1), a = block(0), m = block(0), v = block(0);
  const auto stepper = optim::kernels_for(cuda_device).neuroplastic();
  test::check_diagnostics_contract(
      *stepper, data(theta),
      {.gradient = data(g), .activity = data(a), .momentum = data(m), .variance = data(v)});
}

}  // namespace
}  // namespace plastic::test
