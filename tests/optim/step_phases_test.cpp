// advance() and apply(), the halves of a step.
#include <doctest/doctest.h>

#include "plastic/core/autograd.h"
#include "plastic/core/ops.h"
#include "tests/optim/helpers.h"
#include "tests/optim/kinds.h"

using namespace plastic;
using namespace plastic::test;

TEST_CASE("optim.step_phases.advance_and_apply_are_a_step") {
  for (const Kind& kind : kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> whole = two_parameters(), halves = two_parameters();
    const auto one = kind.make(whole);
    const auto two = kind.make(halves);
    for (int i = 0; i < 5; ++i) {
      steps(*one, whole, i, i + 1);
      if (i % 2 == 0) two->set_epoch(i / 2 + 1, 10);
      set_gradients(halves, i);
      const auto before = values_of(halves);
      two->advance();
      CHECK(values_of(halves) == before);
      two->apply();
      CHECK(values_of(halves) == values_of(whole));
    }
  }
}

TEST_CASE("optim.step_phases.gradients_may_follow_advance") {
  // As when forward, backward and apply() are one recorded graph: what advance() sees is which
  // parameters had a gradient in the repetition before.
  for (const Kind& kind : kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> usual = two_parameters(), recorded = two_parameters();
    const auto one = kind.make(usual);
    const auto two = kind.make(recorded);
    steps(*one, usual, 0, 1);
    steps(*two, recorded, 0, 1);
    for (int i = 1; i < 4; ++i) {
      set_gradients(usual, i);
      one->step();
      two->advance();
      for (std::size_t p = 0; p < recorded.size(); ++p) {
        recorded[p].grad().copy_(usual[p].grad());
      }
      two->apply();
      CHECK(values_of(recorded) == values_of(usual));
    }
  }
}

TEST_CASE("optim.step_phases.advance_takes_the_rate") {
  std::vector<Tensor> parameters{Tensor::of({1}, {1}).set_requires_grad()};
  optim::Sgd optimizer(parameters, {.lr = 0.5});
  parameters[0].set_grad(Tensor::of({1}, {1}));
  optimizer.advance();
  optimizer.set_lr(0.25);
  optimizer.apply();
  CHECK(parameters[0].item() == 0.5);
  optimizer.step();
  CHECK(parameters[0].item() == 0.25);
}

TEST_CASE("optim.step_phases.apply_needs_advance") {
  for (const Kind& kind : kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> parameters = two_parameters();
    const auto optimizer = kind.make(parameters);
    optimizer->set_epoch(1, 10);
    set_gradients(parameters, 1);
    CHECK(contains(error_of([&] { optimizer->apply(); }), "call advance()"));
    optimizer->advance();
    CHECK(error_of([&] { optimizer->apply(); }) == "no error");
  }
}

TEST_CASE("optim.step_phases.diagnostics_are_of_what_was_applied") {
  std::vector<Tensor> parameters = two_parameters();
  optim::NeuroPlastic optimizer(parameters, {.diagnostics = true});
  set_gradients(parameters, 1);
  optimizer.step();
  const double first = optimizer.last_diagnostics()->raw_gradient_norm;
  for (Tensor& tensor : parameters) tensor.set_grad(mul(tensor.grad(), 2));
  optimizer.advance();
  CHECK(optimizer.last_diagnostics()->raw_gradient_norm == first);
  optimizer.apply();
  CHECK(optimizer.last_diagnostics()->raw_gradient_norm == doctest::Approx(2 * first));
}
