// What an optimizer leaves as it was: the memory of parameters, and gradients that somebody holds.
#include <doctest/doctest.h>

#include <memory>

#include "plastic/core/autograd.h"
#include "plastic/core/ops.h"
#include "plastic/nn/linear.h"
#include "plastic/optim/sgd.h"
#include "tests/optim/helpers.h"
#include "tests/optim/kinds.h"

using namespace plastic;
using namespace plastic::test;

namespace {

using Values = std::vector<float>;

Tensor leaf(const Values& values) {
  return Tensor::from<float>(values, {std::ssize(values)}).set_requires_grad();
}

}  // namespace

TEST_CASE("optim.parameter_memory.what_was_taken_before_follows") {
  for (const Kind& kind : kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> parameters = two_parameters();
    const Tensor detached = parameters[0].detach();
    const Tensor row = parameters[0].detach().reshape({-1});
    const Tensor part = row.slice(0, 2, 5);
    const float* address = parameters[0].data<float>();
    const auto optimizer = kind.make(parameters);
    optimizer->set_epoch(1, 10);
    const auto before = detached.to_vector<float>();
    set_gradients(parameters, 1);
    optimizer->step();
    const Values after = parameters[0].to_vector<float>();
    CHECK(after != before);
    CHECK(parameters[0].data<float>() == address);
    CHECK(detached.to_vector<float>() == after);
    CHECK(row.to_vector<float>() == after);
    CHECK(part.to_vector<float>() == Values(after.begin() + 2, after.begin() + 5));
  }
}

TEST_CASE("optim.parameter_memory.state_dict_of_a_module_is_live") {
  nn::Linear module(2, 1);
  const StateDict live = module.state_dict();
  optim::Sgd first(module.parameters(), {.lr = 1});
  optim::Sgd second(module.parameters(), {.lr = 1});
  sum(module.forward(Tensor::ones({1, 2}))).backward();
  first.step();
  second.step();
  first.step();
  CHECK(live[0].tensor.to_vector<float>() == module.weight.to_vector<float>());
  CHECK(live[1].tensor.to_vector<float>() == module.bias.to_vector<float>());
}

TEST_CASE("optim.parameter_memory.a_parameter_may_be_a_part_of_a_larger_tensor") {
  Tensor whole = Tensor::arange(7, {.dtype = DType::f32});
  Tensor a = whole.slice(0, 0, 2).set_requires_grad(), b = whole.slice(0, 3, 7).set_requires_grad();
  optim::Sgd optimizer({a, b}, {.lr = 1});
  (sum(a) + sum(b * 2.0)).backward();
  optimizer.step();
  CHECK(whole.to_vector<float>() == Values{-1, 0, 2, 1, 2, 3, 4});
}

TEST_CASE("optim.parameter_memory.each_parameter_has_its_own_version") {
  Tensor a = leaf({1, 1}), b = leaf({1, 1});
  optim::Sgd optimizer({a, b}, {.lr = 1});
  const Tensor loss = sum(b * b);
  {
    const NoGrad no_grad;
    a.fill_(3);
  }
  loss.backward({}, /*retain_graph=*/true);
  CHECK(b.grad().to_vector<float>() == Values{2, 2});
  // A step that changes only the other one is no write either; one that changes it is.
  optimizer.zero_grad();
  sum(a).backward();
  optimizer.step();
  loss.backward({}, /*retain_graph=*/true);
  optimizer.step();
  CHECK_THROWS_WITH_AS(loss.backward(), doctest::Contains("written to in place"), Error);
}

TEST_CASE("optim.parameter_memory.held_gradients_stay") {
  for (const Kind& kind : kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> parameters{leaf({1, 1}), leaf({2, 2})};
    const auto optimizer = kind.make(parameters);
    optimizer->set_epoch(1, 10);
    std::vector<Tensor> held;
    for (int i = 1; i <= 3; ++i) {
      optimizer->zero_grad();
      sum(parameters[0] * static_cast<double>(i)).backward();
      held.push_back(parameters[0].grad());
      optimizer->step();
    }
    for (std::size_t i = 0; i < held.size(); ++i) {
      CHECK(held[i].to_vector<float>() == Values(2, static_cast<float>(i + 1)));
    }
  }
}

TEST_CASE("optim.parameter_memory.gradients_set_from_outside_stay_the_users") {
  Tensor w = leaf({0, 0});
  Tensor own = Tensor::of({1, 2}, {2});
  optim::Sgd optimizer({w}, {.lr = 1});
  w.set_grad(own);
  optimizer.step();
  CHECK(w.grad().data<float>() == own.data<float>());
  // Written to by its owner, it counts at the next step.
  own.fill_(10);
  optimizer.step();
  CHECK(w.to_vector<float>() == Values{-11, -12});
  CHECK(own.to_vector<float>() == Values{10, 10});
}

TEST_CASE("optim.parameter_memory.hooks_see_the_whole_gradient_of_a_parameter_used_twice") {
  const Tensor x1 = Tensor::of({1, 2}, {1, 2}), x2 = Tensor::of({10, 20}, {1, 2});
  Tensor w = Tensor::of({1, 0, 0, 1}, {2, 2}).set_requires_grad();
  optim::Sgd optimizer({w}, {.lr = 1});
  Tensor seen;
  w.register_hook([&](const Tensor& gradient) {
    seen = gradient;
    return Tensor();
  });
  SUBCASE("matmul") {
    (sum(matmul(x1, w)) + sum(matmul(x2, w))).backward();
    CHECK(w.grad().to_vector<float>() == Values{11, 11, 22, 22});
  }
  SUBCASE("linear") {
    (sum(linear(x1, w)) + sum(linear(x2, w))).backward();
    CHECK(w.grad().to_vector<float>() == Values{11, 22, 11, 22});
  }
  SUBCASE("linear and elementwise") {
    (sum(linear(x1, w)) + sum(w * 3.0)).backward();
    CHECK(w.grad().to_vector<float>() == Values{4, 5, 4, 5});
  }
  SUBCASE("conversion") {
    (sum(w.to(DType::f64)) + sum(w.to(DType::f64) * 2.0)).backward();
    CHECK(w.grad().to_vector<float>() == Values{3, 3, 3, 3});
  }
  CHECK(seen.to_vector<float>() == w.grad().to_vector<float>());
}

TEST_CASE("optim.parameter_memory.a_gradient_that_a_hook_keeps_stays") {
  for (const bool with_optimizer : {false, true}) {
    CAPTURE(with_optimizer);
    const Tensor w = Tensor::of({1, 2, 3, 4}, {2, 2}).set_requires_grad();
    const Tensor x = Tensor::of({1, 2, 10, 20}, {2, 2});
    std::vector<std::unique_ptr<optim::Sgd>> optimizers;
    if (with_optimizer) {
      optimizers.push_back(
          std::make_unique<optim::Sgd>(std::vector<Tensor>{w}, optim::SgdOptions{.lr = 0.1}));
    }
    std::vector<Tensor> kept;
    w.register_hook([&](const Tensor& g) {
      kept.push_back(g);
      return Tensor();
    });
    sum(linear(x, w)).backward();
    sum(linear(x, w) * 3).backward();
    CHECK(kept[0].to_vector<float>() == std::vector<float>{11, 22, 11, 22});
    CHECK(w.grad().to_vector<float>() == std::vector<float>{44, 88, 44, 88});
  }
}

TEST_CASE("optim.parameter_memory.hooks_on_convolutions_and_norms_used_twice") {
  Tensor kernel = Tensor::ones({1, 1, 1, 1}, {.requires_grad = true});
  Tensor scale = leaf({1}), shift = leaf({0});
  optim::Sgd optimizer({kernel, scale, shift}, {.lr = 1});
  for (const Tensor& parameter : {kernel, scale, shift}) {
    parameter.register_hook([](const Tensor&) { return Tensor(); });
  }
  const Tensor x = Tensor::of({1, 2, 3, 4}, {1, 1, 2, 2});
  (sum(conv2d(x, kernel)) + sum(conv2d(x * 10.0, kernel))).backward();
  CHECK(kernel.grad().to_vector<float>() == Values{110});
  const auto normalised = [&](const Tensor& weights) {
    return sum(batch_norm(x, scale, shift, {}, {}, {.training = true}) * weights);
  };
  (normalised(x) + normalised(x * 10.0)).backward();
  // Without hooks and optimizer.
  Tensor plain_scale = leaf({1}), plain_shift = leaf({0});
  sum(batch_norm(x, plain_scale, plain_shift, {}, {}, {.training = true}) * (x * 11.0)).backward();
  CHECK(scale.grad().item() == doctest::Approx(plain_scale.grad().item()));
  CHECK(shift.grad().item() == doctest::Approx(plain_shift.grad().item()));
}

TEST_CASE("optim.parameter_memory.frozen_and_empty_parameters_are_passed_over") {
  for (const Kind& kind : kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> parameters = two_parameters();
    parameters.push_back(Tensor::ones({0, 3}, {.requires_grad = true}));
    parameters[0].set_requires_grad(false);
    const auto optimizer = kind.make(parameters);
    optimizer->set_epoch(1, 10);
    const auto start = values_of(parameters);
    // A gradient that is left in a frozen parameter is not applied.
    set_gradients(parameters, 1);
    optimizer->step();
    CHECK(parameters[0].to_vector<float>() == start[0]);
    CHECK(parameters[1].to_vector<float>() != start[1]);
    // Thawed, it takes part; frozen later, the other does not.
    parameters[0].set_requires_grad();
    parameters[1].set_requires_grad(false);
    const auto between = values_of(parameters);
    optimizer->step();
    CHECK(parameters[0].to_vector<float>() != between[0]);
    CHECK(parameters[1].to_vector<float>() == between[1]);
    const auto again = kind.make(parameters);
    again->load_state_dict(optimizer->state_dict());
  }
}
