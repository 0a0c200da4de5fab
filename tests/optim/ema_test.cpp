#include "plastic/optim/ema.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "plastic/core/autograd.h"
#include "plastic/optim/sgd.h"
#include "tests/optim/helpers.h"
#include "tests/support/linear.h"

using namespace plastic;
using namespace plastic::test;

namespace {

void set(Tensor parameter, float value) {
  const NoGrad no_grad;
  parameter.fill_(value);
}

float first(const Tensor& tensor) { return tensor.to_vector<float>()[0]; }

Tensor scalar(float value) { return Tensor::of({value}, {1}).set_requires_grad(); }

}  // namespace

TEST_CASE("optim.ema.update_and_swap") {
  const Tensor weight = scalar(1);
  optim::Ema ema({weight}, {.decay = 0.75});
  set(weight, 5);
  ema.update();
  set(weight, 10);
  ema.update();
  CHECK(first(weight) == 10);
  ema.swap();
  // 1 → 0.75·1 + 0.25·5 = 2 → 0.75·2 + 0.25·10
  CHECK(first(weight) == 4);
  CHECK(ema.is_swapped());
  ema.swap();
  CHECK(first(weight) == 10);
  CHECK(weight.requires_grad());
}

TEST_CASE("optim.ema.warmup") {
  const Tensor weight = scalar(0);
  optim::Ema ema({weight}, {.decay = 0.9, .warmup = true});
  set(weight, 11);
  ema.update();
  // The first update keeps 2/11.
  CHECK(first(ema.state_dict()[0].tensor) == doctest::Approx(9));
}

// What torch.lerp gives: a parameter that is small beside its average keeps its digits where it
// counts for half or more.
TEST_CASE("optim.ema.small_parameters_keep_their_digits") {
  struct Case {
    double decay, average, parameter, expected;
  };
  for (const DType dtype : {DType::f32, DType::f64}) {
    CAPTURE(name_of(dtype));
    const double far = dtype == DType::f32 ? 123456 : 1e12;
    for (const Case& c :
         {Case{0, far, 0.00699234, 0.00699234}, Case{0, -far, 3, 3}, Case{0.25, 8, 4, 5},
          Case{0.5, 1e30, 1e-30, 5e29}, Case{0.75, far, 0, 0.75 * far}}) {
      CAPTURE(c.decay);
      const Tensor weight = Tensor::full({37}, c.average, {.dtype = dtype}).set_requires_grad();
      // Strided, too, whose loop is another.
      const Tensor base = Tensor::full({37, 2}, c.average, {.dtype = dtype});
      const Tensor strided = base.slice(1, 0, 1).set_requires_grad();
      optim::Ema dense({weight}, {.decay = c.decay});
      optim::Ema other({strided}, {.decay = c.decay});
      {
        const NoGrad no_grad;
        weight.detach().fill_(c.parameter);
        strided.detach().fill_(c.parameter);
      }
      dense.update();
      other.update();
      const double expected = Tensor::full({}, c.expected, {.dtype = dtype}).item();
      CHECK(dense.state_dict()[0].tensor.slice(0, 36, 37).clone().item() == expected);
      CHECK(other.state_dict()[0].tensor.slice(0, 36, 37).clone().item() == expected);
    }
  }
}

TEST_CASE("optim.ema.beside_an_optimizer") {
  // The optimizer moves parameters in memory; the average follows the tensor.
  std::vector<Tensor> parameters = {parameter({40, 700}, 1), parameter({3}, 2)};
  optim::Ema ema(parameters, {.decay = 0});
  optim::Sgd optimizer(parameters, {.lr = 1});
  set_gradients(parameters, 3);
  optimizer.step();
  const auto stepped = values_of(parameters);
  ema.update();
  ema.swap();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::vector<float> averaged = parameters[i].to_vector<float>();
    for (std::size_t j = 0; j < averaged.size(); j += 97) {
      CHECK(averaged[j] == doctest::Approx(stepped[i][j]));
    }
  }
  ema.swap();
  CHECK(values_of(parameters) == stepped);
}

TEST_CASE("optim.ema.state") {
  const Tensor weight = scalar(1);
  optim::Ema ema({weight}, {.decay = 0.5, .warmup = true});
  set(weight, 3);
  ema.update();
  optim::Ema resumed({weight}, {.decay = 0.5, .warmup = true});
  resumed.load_state_dict(ema.state_dict());
  CHECK(resumed.updates() == 1);
  set(weight, -2);
  ema.update();
  resumed.update();
  CHECK(first(ema.state_dict()[0].tensor) == first(resumed.state_dict()[0].tensor));
}

TEST_CASE("optim.ema.many_parameters_in_linear_time") {
  CHECK(test::is_about_linear(
      [](int count) {
        std::vector<Tensor> parameters;
        for (int i = 0; i < count; ++i) parameters.push_back(scalar(static_cast<float>(i)));
        optim::Ema ema(parameters);
        StateDict state = ema.state_dict();
        std::reverse(state.begin(), state.end());
        ema.load_state_dict(state);
        CHECK(first(ema.state_dict()[1].tensor) == 1);
      },
      6000));
}

TEST_CASE("optim.ema.buffers_are_averaged_or_copied") {
  const Tensor weight = scalar(1);
  const Tensor mean = Tensor::of({2, 4}, {2});
  const Tensor count = Tensor::full({}, 7, {.dtype = DType::i64});
  optim::Ema ema({weight}, {.decay = 0.5, .buffers = {count, mean}});
  set(weight, 3);
  set(mean, 10);
  set(count, 8);
  ema.update();
  set(count, 9);
  ema.swap();
  CHECK(first(weight) == 2);
  CHECK(mean.to_vector<float>() == std::vector<float>{6, 7});
  CHECK(count.item() == 8);
  ema.swap();
  CHECK(mean.to_vector<float>() == std::vector<float>{10, 10});
  CHECK(count.item() == 9);
  // In the order in which they were given.
  const StateDict state = ema.state_dict();
  REQUIRE(state.size() == 4);
  CHECK(state[1].tensor.item() == 8);
  CHECK(state[2].tensor.to_vector<float>() == std::vector<float>{6, 7});
  optim::Ema resumed({weight}, {.decay = 0.5, .buffers = {count, mean}});
  resumed.load_state_dict(state);
  resumed.swap();
  CHECK(first(weight) == 2);
  CHECK(count.item() == 8);
}

TEST_CASE("optim.ema.a_tensor_given_twice_is_one") {
  const Tensor weight = scalar(1);
  optim::Ema ema({weight, weight}, {.decay = 0.5});
  set(weight, 3);
  ema.update();
  ema.swap();
  CHECK(first(weight) == 2);
  ema.swap();
  CHECK(first(weight) == 3);
  CHECK(ema.state_dict().size() == 3);
  optim::Ema resumed({weight, weight}, {.decay = 0.5});
  resumed.load_state_dict(ema.state_dict());
  resumed.swap();
  CHECK(first(weight) == 2);
}

TEST_CASE("optim.ema.frozen_parameters_have_an_average") {
  const Tensor weight = scalar(1);
  Tensor frozen = scalar(5);
  frozen.set_requires_grad(false);
  optim::Ema ema({weight, frozen}, {.decay = 0.5});
  set(weight, 3);
  ema.update();
  ema.swap();
  CHECK(first(frozen) == 5);
  CHECK_FALSE(frozen.requires_grad());
  ema.swap();
  CHECK(first(weight) == 3);
}

TEST_CASE("optim.ema.exchanges_what_is_not_dense") {
  Tensor weight = Tensor::of({1, 2, 3, 4}, {2, 2}).transpose(0, 1);
  optim::Ema ema({weight}, {.decay = 0.5});
  weight.fill_(5);
  ema.swap();
  CHECK(weight.contiguous().to_vector<float>() == std::vector<float>{1, 3, 2, 4});
  ema.swap();
  CHECK(weight.contiguous().to_vector<float>() == std::vector<float>{5, 5, 5, 5});
}

TEST_CASE("optim.ema.a_refused_update_is_not_counted") {
  const Tensor weight = scalar(1);
  optim::Ema ema({weight});
  ema.swap();
  CHECK(contains(error_of([&] { ema.update(); }), "call swap() first"));
  ema.swap();
  CHECK(ema.updates() == 0);
}

TEST_CASE("optim.ema.errors") {
  const Tensor weight = scalar(1);
  CHECK(contains(error_of([&] { optim::Ema({weight}, {.decay = 1}); }), "[Ema] decay is 1"));
  CHECK(contains(error_of([&] { optim::Ema(std::vector<Tensor>{}); }), "no parameters"));
  optim::Ema ema({weight});
  StateDict state = ema.state_dict();
  state[0].tensor = Tensor::ones({2});
  CHECK(contains(error_of([&] { ema.load_state_dict(state); }), "has shape (2,), expected (1,)"));
  ema.swap();
  CHECK(contains(error_of([&] { ema.update(); }), "call swap() first"));
  CHECK(contains(error_of([&] { ema.state_dict(); }), "call swap() first"));
}
