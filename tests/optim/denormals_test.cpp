// Trainings in which units stop to have a gradient: the state must not end in denormal numbers,
// with which processors compute up to a hundred times as slowly.
#include "tests/support/denormals.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "plastic/core/flush_denormals.h"
#include "plastic/core/ops.h"
#include "plastic/optim/clip.h"
#include "plastic/optim/ema.h"
#include "plastic/optim/sam.h"
#include "plastic/optim/soap.h"
#include "tests/optim/kinds.h"
#include "tests/support/thread_count.h"

using namespace plastic;
using namespace plastic::test;

namespace {

/// Every kind of optimizer; those of the program are in tests/apps/training/dead_units_test.cpp.
std::vector<Kind> all_kinds() {
  std::vector<Kind> all = kinds();
  all.push_back({"soap", [](const auto& parameters) {
                   return std::make_unique<optim::Soap>(parameters, optim::SoapOptions{.lr = 0.1});
                 }});
  for (std::size_t base = 0, count = all.size(); base < count; ++base) {
    if (std::string_view(all[base].name) != "adam") continue;
    all.push_back({"sam over adam", [make = all[base].make](const auto& parameters) {
                     return std::make_unique<optim::Sam>(make(parameters));
                   }});
  }
  return all;
}

bool same_bits(const StateDict& a, const StateDict& b) {
  return std::ranges::equal(a, b, [](const NamedTensor& x, const NamedTensor& y) {
    return x.name == y.name && x.tensor.dtype() == y.tensor.dtype() &&
           x.tensor.to(DType::f64).to_vector<double>() ==
               y.tensor.to(DType::f64).to_vector<double>();
  });
}

void step(optim::Optimizer& optimizer, std::vector<Tensor>& parameters,
          const std::vector<Tensor>& gradients) {
  for (int i = 0; i < optimizer.gradients_per_step(); ++i) {
    if (i > 0) optimizer.perturb();
    for (std::size_t j = 0; j < parameters.size(); ++j) parameters[j].set_grad(gradients[j]);
  }
  optimizer.step();
}

constexpr std::int64_t rows = 5, columns = 6;
constexpr int last_signal = 20;

/// Row 0 has a gradient in every step, row 1 in the first ones, rows 2 and 3 a tiny one in these
/// (with denormal squares, or none), row 4 none; the bias has one in the first steps.
std::vector<Tensor> gradients_of_step(int i) {
  std::vector<float> weight = numbers(rows * columns, i);
  std::vector<float> bias = numbers(rows, i + 1);
  const bool is_over = i >= last_signal;
  for (std::size_t j = 0; j < weight.size(); ++j) {
    const std::size_t row = j / columns;
    if (row == 2) weight[j] *= 1e-19F;
    if (row == 3) weight[j] *= 1e-29F;
    if (row == 4 || (row > 0 && is_over)) weight[j] = 0;
  }
  if (is_over) std::ranges::fill(bias, 0.0F);
  return {Tensor::from<float>(weight, {rows, columns}), Tensor::from<float>(bias, {rows})};
}

std::vector<Tensor> unit_parameters() {
  return {parameter({rows, columns}, 1), parameter({rows}, 2)};
}

struct Training {
  std::vector<Tensor> parameters = unit_parameters();
  std::unique_ptr<optim::Optimizer> optimizer;

  explicit Training(const Kind& kind) : optimizer(kind.make(parameters)) {
    optimizer->set_epoch(5, 10);
  }
  void run(int first, int last) {
    for (int i = first; i < last; ++i) step(*optimizer, parameters, gradients_of_step(i));
  }
};

/// Adafactor adds eps to its averages of squares, RAdam its decay to the gradient here, and
/// schedule-free SGD keeps weights alone.
bool has_decaying_state(const Kind& kind) {
  const std::string_view name = kind.name;
  return name != "adafactor" && name != "radam" && name != "schedule-free sgd";
}

}  // namespace

TEST_CASE("optim.denormals.none_is_left_by_dead_units") {
  constexpr int middle = 1500, end = 3000;
  for (const Kind& kind : all_kinds()) {
    INFO(std::string(kind.name));
    Training usual(kind);
    usual.run(0, middle);
    Training resumed(kind);
    for (std::size_t i = 0; i < usual.parameters.size(); ++i) {
      resumed.parameters[i].detach().copy_(usual.parameters[i].detach());
    }
    resumed.optimizer->load_state_dict(usual.optimizer->state_dict());
    usual.run(middle, end);
    resumed.run(middle, end);
    CHECK(values_of(resumed.parameters) == values_of(usual.parameters));
    CHECK(same_bits(resumed.optimizer->state_dict(), usual.optimizer->state_dict()));
    if (can_flush) CHECK(denormals_in(usual.optimizer->state_dict()) == 0);
    for (const Tensor& parameter : usual.parameters) CHECK(denormals_in(parameter) == 0);

    Training keeping(kind);
    const FlushDenormals keep(false);
    keeping.run(0, end);
    if (has_decaying_state(kind)) CHECK(denormals_in(keeping.optimizer->state_dict()) > 0);
    const auto values = values_of(usual.parameters), expected = values_of(keeping.parameters);
    for (std::size_t i = 0; i < values.size(); ++i) {
      for (std::size_t j = 0; j < values[i].size(); ++j) {
        CAPTURE(i);
        CAPTURE(j);
        // Lion takes the sign of an average, however small.
        const bool is_dead_row = i > 0 || j >= columns;
        if (is_dead_row && std::string_view(kind.name) == "lion") continue;
        CHECK(values[i][j] == doctest::Approx(expected[i][j]).epsilon(1e-5));
      }
    }
  }
}

// Without flushing, an average would remain at the number that rounds to itself when it decays, and
// its sign would move the weight for ever.
TEST_CASE("optim.denormals.lion_comes_to_rest") {
  std::vector<Tensor> parameters{Tensor::ones({1}).set_requires_grad()};
  optim::Lion lion(parameters, {.lr = 1e-3, .weight_decay = 0});
  step(lion, parameters, {Tensor::full({1}, 1e-30)});
  for (int i = 0; i < 2000; ++i) step(lion, parameters, {Tensor::zeros({1})});
  const double before = parameters[0].item();
  CHECK(before < 1);
  step(lion, parameters, {Tensor::zeros({1})});
  if (can_flush) CHECK(parameters[0].item() == before);
}

// Gradients and states around the smallest normal number, in tensors that threads share.
TEST_CASE("optim.denormals.the_same_bits_for_any_number_of_threads") {
  const Shape shape = {200, 200};
  const auto trained = [&](const Kind& kind, int threads) {
    const ThreadCount count(threads);
    std::vector<Tensor> parameters{parameter(shape, 1)};
    const auto optimizer = kind.make(parameters);
    optimizer->set_epoch(5, 10);
    for (int i = 0; i < 6; ++i) {
      std::vector<float> gradient = numbers(shape.numel(), i);
      for (std::size_t j = 0; j < gradient.size(); ++j) {
        gradient[j] *= static_cast<float>(std::pow(10.0, -28 - static_cast<int>(j % 16)));
      }
      step(*optimizer, parameters, {Tensor::from<float>(gradient, shape)});
    }
    StateDict all = optimizer->state_dict();
    all.push_back({"parameter", parameters[0].detach()});
    return all;
  };
  for (const Kind& kind : all_kinds()) {
    INFO(std::string(kind.name));
    const StateDict one = trained(kind, 1);
    CHECK(same_bits(trained(kind, 2), one));
    if (can_flush) CHECK(denormals_in(one) == 0);
  }
}

TEST_CASE("optim.denormals.none_is_left_by_clipping_and_averages") {
  Tensor weight = Tensor::full({64}, 1).set_requires_grad();
  Tensor gradient = Tensor::full({64}, 1e-37);
  gradient.slice(0, 0, 1).fill_(1);
  weight.set_grad(gradient);
  optim::clip_grad_norm({weight}, 1e-3);
  CHECK(weight.grad().to_vector<float>()[0] == doctest::Approx(1e-3));
  if (can_flush) CHECK(weight.grad().to_vector<float>()[1] == 0);

  optim::Ema ema({weight}, {.decay = 0.5, .warmup = false});
  weight.detach().fill_(0);
  for (int i = 0; i < 140; ++i) ema.update();
  const StateDict averages = ema.state_dict();
  if (can_flush) CHECK(denormals_in(averages) == 0);
  CHECK(find(averages, "average.0", "test").to_vector<float>()[0] >= 0);
}
