// Every optimizer of the program over thousands of steps, in most of which most elements have no
// gradient: none keeps denormal numbers, with which processors compute up to a hundred times as
// slowly, the bits depend on no number of threads, and the caller's floating-point mode comes back.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "apps/training/optimizers.h"
#include "plastic/core/flush_denormals.h"
#include "tests/support/denormals.h"
#include "tests/support/thread_count.h"

using namespace plastic;
using namespace plastic::apps;
using namespace plastic::test;

namespace {

/// Elements of a vector that two threads share in a step.
constexpr std::int64_t shared = 33'000;

/// Magnitudes are from 0.1 to 1e-31; signs change with every step, so that no rule runs away.
Tensor gradient(const Shape& shape, bool is_alive, int step) {
  std::vector<float> values;
  for (std::int64_t j = 0; j < shape.numel(); ++j) {
    const double size = std::pow(10.0, -1 - 2 * static_cast<double>(j % 16));
    const double value = size * std::sin(static_cast<double>(j + 1)) * (step % 2 == 0 ? 1 : -1);
    values.push_back(is_alive || j % 16 == 0 ? static_cast<float>(value) : 0.0F);
  }
  return Tensor::from<float>(values, shape);
}

struct Outcome {
  StateDict all;
  bool restored_mode = true;
};

/// A training whose units die after some steps.
Outcome train(const OptimizerEntry& entry, std::int64_t elements, int threads) {
  constexpr int last_alive = 10, steps = 2000;
  const ThreadCount count(threads);
  std::vector<Tensor> parameters;
  std::vector<std::array<Tensor, 2>> dead;
  for (const Shape& shape : {Shape{5, 16}, Shape{elements}}) {
    parameters.push_back(Tensor::full(shape, 0.1).set_requires_grad());
    dead.push_back({gradient(shape, false, 0), gradient(shape, false, 1)});
  }
  const std::unique_ptr<optim::Optimizer> optimizer = make_optimizer(entry.defaults, parameters);
  optimizer->set_epoch(5, 10);
  Outcome outcome;
  for (int step = 0; step < steps; ++step) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const bool is_alive = step < last_alive;
      parameters[i].set_grad(is_alive ? gradient(parameters[i].shape(), true, step)
                                      : dead[i][static_cast<std::size_t>(step % 2)]);
    }
    const unsigned before = float_control();
    optimizer->step();
    outcome.restored_mode = outcome.restored_mode && float_control() == before;
  }
  outcome.all = optimizer->state_dict();
  for (const Tensor& parameter : parameters) {
    outcome.all.push_back({"parameter", parameter.detach()});
  }
  return outcome;
}

}  // namespace

TEST_CASE("apps.dead_units.leave_no_denormals_in_any_optimizer") {
  std::size_t decaying = 0;
  for (const OptimizerEntry& entry : optimizer_table()) {
    CAPTURE(entry.name);
    const Outcome one = train(entry, shared, 1);
    CHECK(one.restored_mode);
    if (can_flush) CHECK(denormals_in(one.all) == 0);
    const Outcome two = train(entry, shared, 2);
    CHECK(two.restored_mode);
    REQUIRE(two.all.size() == one.all.size());
    for (std::size_t i = 0; i < one.all.size(); ++i) {
      CAPTURE(one.all[i].name);
      const auto values = [](const Tensor& x) { return x.to(DType::f64).to_vector<double>(); };
      CHECK(values(two.all[i].tensor) == values(one.all[i].tensor));
    }
    const FlushDenormals keep(false);
    decaying += denormals_in(train(entry, 16, 1).all) > 0 ? 1 : 0;
  }
  // So that the trainings are such as would leave some.
  CHECK(2 * decaying > optimizer_table().size());
}
