// Training and evaluation mode of the schedule-free optimizers.
#include "plastic/optim/schedule_free.h"

#include <doctest/doctest.h>

#include "tests/optim/helpers.h"
#include "tests/optim/kinds.h"

using namespace plastic;
using namespace plastic::test;

namespace {

std::vector<Kind> schedule_free() {
  std::vector<Kind> found;
  for (Kind& kind : kinds()) {
    if (std::string(kind.name).starts_with("schedule-free")) found.push_back(std::move(kind));
  }
  REQUIRE(found.size() == 2);
  return found;
}

}  // namespace

TEST_CASE("optim.schedule_free.evaluating_leaves_no_trace") {
  for (const Kind& kind : schedule_free()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> usual = two_parameters(), visited = two_parameters();
    const auto one = kind.make(usual);
    const auto two = kind.make(visited);
    two->eval();
    two->train();
    for (int i = 0; i < 6; ++i) {
      steps(*one, usual, i, i + 1);
      steps(*two, visited, i, i + 1);
      const auto trained = values_of(visited);
      CHECK(trained == values_of(usual));
      CHECK_FALSE(two->is_evaluating());
      two->eval();
      two->eval();
      CHECK(two->is_evaluating());
      // All of them are averaged, and after the first step there is more than one point.
      for (std::size_t p = 0; p < 2 && i > 0; ++p) CHECK(values_of(visited)[p] != trained[p]);
      two->train();
      two->train();
      CHECK(values_of(visited) == trained);
    }
  }
}

TEST_CASE("optim.schedule_free.no_step_in_evaluation_mode") {
  for (const Kind& kind : schedule_free()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> parameters = two_parameters();
    const auto optimizer = kind.make(parameters);
    steps(*optimizer, parameters, 0, 2);
    set_gradients(parameters, 2);
    optimizer->advance();
    optimizer->eval();
    const auto before = values_of(parameters);
    const StateDict state = optimizer->state_dict();
    CHECK(contains(error_of([&] { optimizer->step(); }), "call train() before"));
    CHECK(contains(error_of([&] { optimizer->advance(); }), "call train() before"));
    CHECK(contains(error_of([&] { optimizer->apply(); }), "call train() before"));
    CHECK(values_of(parameters) == before);
    const StateDict now = optimizer->state_dict();
    for (std::size_t i = 0; i < now.size(); ++i) {
      CHECK(now[i].tensor.to(DType::f64).to_vector<double>() ==
            state[i].tensor.to(DType::f64).to_vector<double>());
    }
    optimizer->train();
    CHECK(error_of([&] { optimizer->step(); }) == "no error");
  }
}

TEST_CASE("optim.schedule_free.resumes_in_either_mode") {
  for (const Kind& kind : schedule_free()) {
    for (const bool is_evaluating : {false, true}) {
      INFO(std::string(kind.name));
      CAPTURE(is_evaluating);
      std::vector<Tensor> straight = two_parameters();
      const auto whole = kind.make(straight);
      steps(*whole, straight, 0, 6);
      whole->eval();

      std::vector<Tensor> before = two_parameters();
      const auto first = kind.make(before);
      steps(*first, before, 0, 3);
      if (is_evaluating) first->eval();
      std::vector<Tensor> after;
      for (const Tensor& tensor : before) {
        after.push_back(tensor.detach().clone().set_requires_grad());
      }
      const auto second = kind.make(after);
      second->load_state_dict(first->state_dict());
      CHECK(second->is_evaluating() == is_evaluating);
      second->train();
      steps(*second, after, 3, 6);
      second->eval();
      CHECK(values_of(after) == values_of(straight));
    }
  }
}

TEST_CASE("optim.schedule_free.refused_steps_are_not_counted") {
  std::vector<Tensor> parameters = two_parameters();
  optim::ScheduleFreeSgd optimizer(parameters, {.lr = 0.1});
  steps(optimizer, parameters, 0, 1);
  optimizer.set_gradient_hook([](const Tensor&) { throw Error("no"); });
  set_gradients(parameters, 1);
  CHECK_THROWS_AS(optimizer.step(), Error);
  const StateDict state = optimizer.state_dict();
  CHECK(find(state, "group.0.k", "test").item() == 1);
  CHECK(find(state, "group.0.weight_sum", "test").item() == doctest::Approx(0.01));
  CHECK(find(state, "state.0.step", "test").item() == 1);
}

TEST_CASE("optim.schedule_free.a_frozen_parameter_joins_where_it_is") {
  // Its z is taken when it is first stepped, not when the optimizer was made.
  std::vector<Tensor> parameters = two_parameters();
  optim::ScheduleFreeSgd optimizer(parameters, {.lr = 0.1});
  parameters[1].set_requires_grad(false);
  parameters[1].fill_(5);
  set_gradients(parameters, 0);
  optimizer.step();
  optimizer.eval();
  CHECK(parameters[1].to_vector<float>() == std::vector<float>(5, 5));
  optimizer.train();
  parameters[1].set_requires_grad(true);
  parameters[1].set_grad(Tensor::zeros({5}));
  optimizer.step();
  optimizer.eval();
  CHECK(parameters[1].to_vector<float>() == std::vector<float>(5, 5));
}

TEST_CASE("optim.schedule_free.averages_that_cannot_be_weighted_are_refused") {
  for (const optim::ScheduleFreeSgdOptions& options :
       {optim::ScheduleFreeSgdOptions{.lr = 0.1, .weight_lr_power = 1000},
        optim::ScheduleFreeSgdOptions{.lr = 0.1, .r = 1000}}) {
    std::vector<Tensor> parameters = two_parameters();
    optim::ScheduleFreeSgd optimizer(parameters, options);
    CHECK(contains(error_of([&] { steps(optimizer, parameters, 0, 4); }),
                   "[schedule_free_sgd] the weight of step "));
  }
}

TEST_CASE("optim.schedule_free.refuses_options") {
  const std::vector<Tensor> one{parameter({3}, 1)};
  const auto sgd = [&](const optim::ScheduleFreeSgdOptions& options) {
    return error_of([&] { optim::ScheduleFreeSgd optimizer(one, options); });
  };
  CHECK(contains(sgd({.momentum = 0}), "[schedule_free_sgd] momentum is 0"));
  CHECK(contains(sgd({.momentum = 1}), "momentum is 1"));
  CHECK(contains(sgd({.warmup_steps = -1}), "warmup_steps"));
  CHECK(contains(sgd({.r = -1}), "r is -1"));
  CHECK(contains(sgd({.weight_lr_power = -1}), "weight_lr_power"));
  CHECK(contains(error_of([&] { optim::ScheduleFreeAdamW optimizer(one, {.beta1 = 0}); }),
                 "[schedule_free_adamw] beta1 is 0"));
  CHECK(contains(error_of([&] { optim::ScheduleFreeAdamW optimizer(one, {.eps = 0}); }), "eps"));
}

TEST_CASE("optim.optimizer.one_point_is_no_mode") {
  // For all others, evaluation mode changes nothing and forbids nothing.
  for (const Kind& kind : kinds()) {
    if (std::string(kind.name).starts_with("schedule-free")) continue;
    INFO(std::string(kind.name));
    std::vector<Tensor> parameters = two_parameters();
    const auto optimizer = kind.make(parameters);
    steps(*optimizer, parameters, 0, 2);
    const auto before = values_of(parameters);
    optimizer->eval();
    CHECK(values_of(parameters) == before);
    CHECK_FALSE(optimizer->is_evaluating());
    steps(*optimizer, parameters, 2, 3);
    CHECK(values_of(parameters) != before);
  }
}
