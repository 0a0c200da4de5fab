// Optimizers written outside of the library, with its public headers alone.
#include <doctest/doctest.h>

#include <cmath>

#include "plastic/core/device.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/optim/elementwise.h"
#include "plastic/optim/lion.h"
#include "tests/optim/helpers.h"

using namespace plastic;
using namespace plastic::test;
using optim::ParameterStep;

namespace {

/// Momentum with the sign of g, and a count of steps: a rule with two state values.
struct CountingRule {
  static constexpr int states = 2;
  float lr = 0, momentum = 0;

  PLASTIC_HOST_DEVICE void operator()(float& theta, float g, float& buffer, float& count) const {
    buffer = momentum * buffer + (g > 0 ? 1.0f : -1.0f);
    count += 1;
    theta -= lr * buffer / count;
  }
};

class Counting : public optim::Elementwise<CountingRule> {
 public:
  explicit Counting(const std::vector<std::vector<Tensor>>& groups, std::vector<std::string> names)
      : Elementwise("counting", groups, std::vector<double>(groups.size(), 0.5), names) {}
  explicit Counting(const std::vector<Tensor>& parameters)
      : Counting({parameters}, {"buffer", "count"}) {}

 private:
  CountingRule rule(const ParameterStep& at) const override {
    return {.lr = static_cast<float>(at.lr), .momentum = at.group == 0 ? 0.5f : 0.0f};
  }
};

/// g divided by the running maximum of its norm, one number for each tensor; counts in a number of
/// its own.
class Normalized : public optim::Optimizer {
 public:
  explicit Normalized(const std::vector<Tensor>& parameters)
      : Optimizer("normalized", {parameters}, {0.5}), updates_(add_number("updates")) {
    add_state("previous");
    for (std::size_t i = 0; i < parameter_count(); ++i) add_state("largest", i, {});
  }
  std::vector<std::size_t> seen;
  bool refuses = false;

 private:
  void update(const ParameterStep& at) override {
    if (refuses) throw Error("[normalized] refused");
    seen.push_back(at.index);
    *updates_.mutable_data<std::int64_t>() += 1;
    Tensor largest = state("largest", at.index);
    const double length = std::max(norm(at.gradient).item(), largest.item());
    largest.fill_(length);
    Tensor previous = state("previous", at.index), parameter = at.parameter;
    parameter.copy_(parameter - (at.gradient + previous) * (at.lr / length));
    previous.copy_(at.gradient);
  }

  Tensor updates_;
};

std::vector<Tensor> start() { return {parameter({3, 7}, 1), parameter({5}, 2)}; }

}  // namespace

TEST_CASE("optim.own.an_elementwise_rule_steps_every_element") {
  std::vector<Tensor> parameters{Tensor::ones({33}).set_requires_grad()};
  Counting optimizer(parameters);
  std::vector<float> theta(33, 1), buffer(33), count(33);
  for (int step = 0; step < 3; ++step) {
    const std::vector<float> g = numbers(33, step);
    parameters[0].set_grad(Tensor::from<float>(g, {33}));
    optimizer.step();
    for (std::size_t i = 0; i < 33; ++i) {
      CountingRule{.lr = 0.5, .momentum = 0.5}(theta[i], g[i], buffer[i], count[i]);
    }
    CHECK(parameters[0].to_vector<float>() == theta);
  }
  CHECK(find(optimizer.state_dict(), "state.0.count", "test").to_vector<float>() ==
        std::vector<float>(33, 3));
  CHECK(optimizer.is_capturable());
}

TEST_CASE("optim.own.an_elementwise_rule_steps_every_element_once_on_any_number_of_threads") {
  const int before = num_threads();
  for (const int threads : {1, 2, 3, 7}) {
    CAPTURE(threads);
    set_num_threads(threads);
    std::vector<Tensor> parameters;
    for (const std::int64_t size : {5000, 100001, 1, 70000, 4096, 12289, 300000}) {
      parameters.push_back(Tensor::ones({size}).set_requires_grad());
      parameters.back().set_grad(Tensor::ones({size}));
    }
    Counting optimizer(parameters);
    optimizer.step();
    const StateDict state = optimizer.state_dict();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      CAPTURE(i);
      const Tensor count = find(state, "state." + std::to_string(i) + ".count", "test");
      CHECK(min(count).item() == 1);
      CHECK(max(count).item() == 1);
      CHECK(min(parameters[i]).item() == 0.5);
      CHECK(max(parameters[i]).item() == 0.5);
    }
  }
  set_num_threads(before);
}

TEST_CASE("optim.own.groups_reach_the_rule") {
  Tensor first = Tensor::zeros({1}).set_requires_grad(), second = Tensor::zeros({1});
  second.set_requires_grad();
  Counting optimizer({{first}, {second}}, {"buffer", "count"});
  for (int i = 0; i < 2; ++i) {
    first.set_grad(Tensor::of({1}, {1}));
    second.set_grad(Tensor::of({1}, {1}));
    optimizer.step();
  }
  // 0.5 · (1 + 1.5 / 2) and 0.5 · (1 + 1 / 2).
  CHECK(first.item() == doctest::Approx(-0.875));
  CHECK(second.item() == doctest::Approx(-0.75));
}

TEST_CASE("optim.own.states_are_named") {
  const std::vector<Tensor> parameters = start();
  CHECK_THROWS_WITH_AS(Counting({parameters}, {"buffer"}),
                       doctest::Contains("[counting] the rule has 2 state values"), Error);
  CHECK_THROWS_WITH_AS(Counting({parameters}, {"buffer", "buffer"}),
                       doctest::Contains("there is a state \"buffer\" already"), Error);
  CHECK_THROWS_WITH_AS(Counting({parameters}, {"buffer", "step"}),
                       doctest::Contains("there is a state \"step\" already"), Error);
  CHECK_THROWS_WITH_AS(Counting({parameters}, {"buffer", ""}), doctest::Contains("needs a name"),
                       Error);
}

TEST_CASE("optim.own.update_sees_stepped_parameters_in_order") {
  std::vector<Tensor> parameters = start();
  Normalized optimizer(parameters);
  set_gradients(parameters, 1);
  optimizer.step();
  parameters[0].zero_grad();
  optimizer.step();
  CHECK(optimizer.seen == std::vector<std::size_t>{0, 1, 1});
  const StateDict state = optimizer.state_dict();
  CHECK(find(state, "updates", "test").item() == 3);
  CHECK(find(state, "state.0.step", "test").item() == 1);
  CHECK(find(state, "state.1.step", "test").item() == 2);
  CHECK(find(state, "state.0.previous", "test").shape() == Shape{3, 7});
  CHECK(find(state, "state.1.largest", "test").shape() == Shape{});
  CHECK(parameters[0].requires_grad());
  CHECK(!optimizer.is_capturable());
  CHECK(optimizer.diagnostics().empty());
}

TEST_CASE("optim.own.state_is_resumed_bit_for_bit") {
  std::vector<Tensor> whole = start(), halves = start();
  Normalized one(whole);
  StateDict saved;
  {
    Normalized two(halves);
    for (int i = 0; i < 3; ++i) {
      set_gradients(whole, i);
      one.step();
      set_gradients(halves, i);
      two.step();
    }
    saved = two.state_dict();
  }
  Normalized resumed(halves);
  resumed.load_state_dict(saved);
  for (int i = 3; i < 6; ++i) {
    set_gradients(whole, i);
    one.step();
    set_gradients(halves, i);
    resumed.step();
  }
  CHECK(values_of(whole) == values_of(halves));
  saved.pop_back();
  CHECK_THROWS_WITH_AS(resumed.load_state_dict(saved), doctest::Contains("is missing"), Error);
}

TEST_CASE("optim.own.a_refused_update_is_not_counted") {
  std::vector<Tensor> parameters = start();
  Normalized optimizer(parameters);
  set_gradients(parameters, 1);
  optimizer.refuses = true;
  CHECK_THROWS_WITH_AS(optimizer.step(), "[normalized] refused", Error);
  CHECK(find(optimizer.state_dict(), "state.0.step", "test").item() == 0);
}

TEST_CASE("optim.own.what_is_not_there_is_an_error") {
  class Bare : public optim::Optimizer {
   public:
    explicit Bare(const std::vector<Tensor>& parameters) : Optimizer("bare", {parameters}, {0.1}) {}
    using Optimizer::add_number;
    using Optimizer::add_state;
    using Optimizer::parameter;
    using Optimizer::state;
  };
  std::vector<Tensor> parameters = start();
  Bare optimizer(parameters);
  set_gradients(parameters, 1);
  CHECK_THROWS_WITH_AS(optimizer.step(), doctest::Contains("[bare] has no rule"), Error);
  CHECK_THROWS_WITH_AS(optimizer.state("buffer", 0), doctest::Contains("has no state \"buffer\""),
                       Error);
  CHECK_THROWS_WITH_AS(optimizer.state("buffer", 2), doctest::Contains("no parameter 2"), Error);
  CHECK_THROWS_WITH_AS(optimizer.parameter(2), doctest::Contains("no parameter 2"), Error);
  CHECK_THROWS_WITH_AS(optimizer.add_state("rows", 2, {3}), doctest::Contains("parameter 2"),
                       Error);
  CHECK_THROWS_WITH_AS(optimizer.add_number("d", DType::f32), doctest::Contains("i64 or f64"),
                       Error);
  optimizer.add_number("d", DType::f64);
  CHECK_THROWS_WITH_AS(optimizer.add_number("d"), doctest::Contains("already"), Error);
}

TEST_CASE("optim.own.groups_and_rates_go_together") {
  class Unequal : public optim::Optimizer {
   public:
    explicit Unequal(const std::vector<Tensor>& parameters)
        : Optimizer("unequal", {parameters}, {0.1, 0.2}) {}
  };
  const std::vector<Tensor> parameters = start();
  CHECK_THROWS_WITH_AS(Unequal{parameters}, doctest::Contains("1 groups and 2 learning rates"),
                       Error);
}
