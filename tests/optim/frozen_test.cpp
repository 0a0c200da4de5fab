// Parameters that do not require a gradient: every optimizer takes them and passes over them.
#include <doctest/doctest.h>

#include <cmath>

#include "plastic/core/ops.h"
#include "plastic/optim/clip.h"
#include "plastic/optim/schedule.h"
#include "tests/optim/helpers.h"
#include "tests/optim/kinds.h"

using namespace plastic;
using namespace plastic::test;

namespace {

std::vector<Tensor> three_parameters() {
  return {parameter({3, 7}, 1), parameter({5}, 2), parameter({2, 2}, 3)};
}

void set_frozen(Tensor tensor, bool frozen) { tensor.set_requires_grad(!frozen); }

/// Gradients of those that are trained, in the order of all.
void set_gradients_of_trained(std::vector<Tensor>& parameters, int seed) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].requires_grad()) continue;
    const Shape& shape = parameters[i].shape();
    parameters[i].set_grad(
        Tensor::from<float>(numbers(shape.numel(), seed + static_cast<int>(i)), shape));
  }
}

void step(optim::Optimizer& optimizer, std::vector<Tensor>& parameters, int i) {
  optimizer.set_epoch(i + 1, 10);
  set_gradients_of_trained(parameters, i);
  optimizer.step();
}

}  // namespace

TEST_CASE("optim.frozen.parameters_are_passed_over_and_saved") {
  for (const Kind& kind : kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> parameters = three_parameters();
    set_frozen(parameters[1], true);
    const std::vector<float> kept = parameters[1].to_vector<float>();
    const auto optimizer = kind.make(parameters);
    for (int i = 0; i < 3; ++i) step(*optimizer, parameters, i);
    // Neither gradients nor decay nor homeostasis reach it; the others moved.
    CHECK(parameters[1].to_vector<float>() == kept);
    CHECK(parameters[0].to_vector<float>() != three_parameters()[0].to_vector<float>());
    CHECK(parameters[2].to_vector<float>() != three_parameters()[2].to_vector<float>());

    std::vector<Tensor> copies = three_parameters();
    for (std::size_t i = 0; i < copies.size(); ++i)
      copies[i].detach().copy_(parameters[i].detach());
    set_frozen(copies[1], true);
    const auto resumed = kind.make(copies);
    resumed->load_state_dict(optimizer->state_dict());
    for (int i = 3; i < 5; ++i) {
      // Trained from here on.
      if (i == 4) set_frozen(parameters[1], false), set_frozen(copies[1], false);
      step(*optimizer, parameters, i);
      step(*resumed, copies, i);
      CHECK(values_of(copies) == values_of(parameters));
    }
    CHECK(parameters[1].to_vector<float>() != kept);
  }
}

TEST_CASE("optim.frozen.a_frozen_parameter_leaves_the_others_as_without_its_gradient") {
  // Thirds and scopes of NeuroPlastic go by the place among all parameters, so that freezing one
  // does not move the others to another third.
  for (const Kind& kind : kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> frozen = three_parameters(), idle = three_parameters();
    set_frozen(frozen[0], true);
    const auto one = kind.make(frozen);
    const auto two = kind.make(idle);
    for (int i = 0; i < 3; ++i) {
      step(*one, frozen, i);
      two->set_epoch(i + 1, 10);
      set_gradients_of_trained(idle, i);
      idle[0].zero_grad();
      two->step();
      CHECK(values_of(frozen) == values_of(idle));
    }
  }
}

TEST_CASE("optim.frozen.all_of_them") {
  for (const Kind& kind : kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> parameters = three_parameters();
    for (const Tensor& tensor : parameters) set_frozen(tensor, true);
    const auto before = values_of(parameters);
    const auto optimizer = kind.make(parameters);
    optim::Scheduler scheduler(*optimizer, optim::Schedule::exponential(0.5));
    step(*optimizer, parameters, 0);
    scheduler.step();
    optimizer->zero_grad();
    CHECK(values_of(parameters) == before);
    CHECK(optimizer->lr() == doctest::Approx(0.05));
    CHECK(optim::clip_grad_norm(parameters, 1) == 0);
    kind.make(parameters)->load_state_dict(optimizer->state_dict());
  }
}

TEST_CASE("optim.frozen.diagnostics_are_of_what_was_stepped") {
  std::vector<Tensor> parameters = three_parameters();
  set_frozen(parameters[0], true);
  optim::NeuroPlastic optimizer(parameters, {.lr = 0.1, .diagnostics = true});
  set_gradients_of_trained(parameters, 2);
  const double norms =
      std::hypot(norm(parameters[1].grad()).item(), norm(parameters[2].grad()).item());
  optimizer.step();
  REQUIRE(optimizer.last_diagnostics());
  CHECK(optimizer.last_diagnostics()->raw_gradient_norm == doctest::Approx(norms).epsilon(1e-5));
  // Nothing stepped, nothing diagnosed.
  for (const Tensor& tensor : parameters) set_frozen(tensor, true);
  optimizer.step();
  CHECK_FALSE(optimizer.last_diagnostics());
}
