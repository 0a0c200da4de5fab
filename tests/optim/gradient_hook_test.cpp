#include <doctest/doctest.h>

#include "plastic/core/autograd.h"
#include "plastic/core/ops.h"
#include "tests/optim/helpers.h"
#include "tests/optim/kinds.h"

using namespace plastic;
using namespace plastic::test;

namespace {

void double_all(const Tensor& gradients) { gradients.detach().copy_(mul(gradients, 2)); }

}  // namespace

TEST_CASE("optim.gradient_hook.what_it_writes_is_what_steps_use") {
  for (const Kind& kind : kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> hooked = two_parameters(), doubled = two_parameters();
    const auto one = kind.make(hooked);
    const auto two = kind.make(doubled);
    one->set_gradient_hook(double_all);
    for (int i = 0; i < 4; ++i) {
      for (const auto& optimizer : {one.get(), two.get()}) optimizer->set_epoch(i + 1, 10);
      set_gradients(hooked, i);
      set_gradients(doubled, i);
      for (Tensor& tensor : doubled) tensor.set_grad(mul(tensor.grad(), 2));
      one->step();
      two->step();
      CHECK(values_of(hooked) == values_of(doubled));
    }
  }
}

TEST_CASE("optim.gradient_hook.gets_all_gradients_before_the_step") {
  std::vector<Tensor> parameters = two_parameters();
  const auto start = values_of(parameters);
  optim::Sgd optimizer(parameters, {.lr = 1});
  int calls = 0;
  optimizer.set_gradient_hook([&](const Tensor& gradients) {
    ++calls;
    CHECK(values_of(parameters) == start);
    CHECK(gradients.dtype() == DType::f32);
    // 21 and 5 elements, each padded to a multiple of 16.
    REQUIRE(gradients.shape() == Shape{32 + 16});
    const std::vector<float> flat = gradients.to_vector<float>();
    CHECK(std::vector<float>(flat.begin(), flat.begin() + 21) == numbers(21, 7));
    CHECK(std::vector<float>(flat.begin() + 32, flat.begin() + 37) == numbers(5, 8));
  });
  set_gradients(parameters, 7);
  optimizer.advance();
  CHECK(calls == 0);
  optimizer.apply();
  CHECK(calls == 1);
  CHECK(values_of(parameters) != start);

  // Also when there is nothing to do: in a data-parallel run the others wait.
  optimizer.set_gradient_hook([&](const Tensor&) { ++calls; });
  optimizer.zero_grad();
  optimizer.step();
  CHECK(calls == 2);
  optimizer.set_gradient_hook({});
  optimizer.step();
  CHECK(calls == 2);
}

TEST_CASE("optim.gradient_hook.a_refused_step_does_not_count") {
  for (const Kind& kind : kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> refused = two_parameters(), plain = two_parameters();
    const auto one = kind.make(refused);
    const auto two = kind.make(plain);
    for (int i = 0; i < 3; ++i) {
      for (const auto& optimizer : {one.get(), two.get()}) optimizer->set_epoch(i + 1, 10);
      set_gradients(refused, i);
      set_gradients(plain, i);
      one->set_gradient_hook([](const Tensor&) { throw Error("lost a peer"); });
      CHECK(error_of([&] { one->step(); }) == "lost a peer");
      CHECK(contains(error_of([&] { one->apply(); }), "call advance() before it"));
      one->set_gradient_hook({});
      one->step();
      two->step();
      CHECK(values_of(refused) == values_of(plain));
    }
    CHECK(one->state_dict().size() == two->state_dict().size());
  }
}

TEST_CASE("optim.gradient_hook.what_it_throws_changes_no_parameter") {
  std::vector<Tensor> parameters = two_parameters();
  const auto start = values_of(parameters);
  optim::Sgd optimizer(parameters, {.lr = 1});
  optimizer.set_gradient_hook([](const Tensor&) { throw Error("lost a peer"); });
  set_gradients(parameters, 1);
  CHECK(error_of([&] { optimizer.step(); }) == "lost a peer");
  CHECK(values_of(parameters) == start);
}
