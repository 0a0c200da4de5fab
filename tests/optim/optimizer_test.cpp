#include <doctest/doctest.h>

#include <functional>

#include "plastic/core/autograd.h"
#include "plastic/core/ops.h"
#include "plastic/optim/adam.h"
#include "plastic/optim/neuroplastic.h"
#include "plastic/optim/sgd.h"
#include "tests/optim/helpers.h"
#include "tests/optim/kinds.h"

using namespace plastic;
using namespace plastic::test;

TEST_CASE("optim.optimizer.resumes_with_the_same_bits") {
  for (const Kind& kind : kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> straight = two_parameters();
    const auto whole = kind.make(straight);
    steps(*whole, straight, 0, 6);

    std::vector<Tensor> before = two_parameters();
    const auto first = kind.make(before);
    steps(*first, before, 0, 3);
    const StateDict saved = first->state_dict();
    std::vector<Tensor> after;
    for (const Tensor& tensor : before) {
      after.push_back(tensor.detach().clone().set_requires_grad());
    }
    // The state is a copy, so that the first optimizer may continue.
    steps(*first, before, 3, 5);
    const auto second = kind.make(after);
    second->load_state_dict(saved);
    // Step 3 is in the middle of an epoch, which only the state can tell.
    steps(*second, after, 3, 6);
    CHECK(values_of(after) == values_of(straight));
  }
}

TEST_CASE("optim.optimizer.load_state_dict_is_all_or_nothing") {
  for (const Kind& kind : kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> parameters = two_parameters();
    const auto optimizer = kind.make(parameters);
    steps(*optimizer, parameters, 0, 2);
    const StateDict good = optimizer->state_dict();
    steps(*optimizer, parameters, 2, 3);
    const StateDict current = optimizer->state_dict();
    const auto refuses = [&](const char* part, const std::function<void(StateDict&)>& spoil) {
      StateDict bad = good;
      spoil(bad);
      const std::string message = error_of([&] { optimizer->load_state_dict(bad); });
      INFO(std::string(part), ": ", message);
      CHECK(contains(message, part));
      const StateDict now = optimizer->state_dict();
      REQUIRE(now.size() == current.size());
      for (std::size_t i = 0; i < now.size(); ++i) {
        CHECK(now[i].name == current[i].name);
        CHECK(now[i].tensor.to(DType::f64).to_vector<double>() ==
              current[i].tensor.to(DType::f64).to_vector<double>());
      }
    };
    refuses("missing", [](StateDict& state) { state.pop_back(); });
    refuses("unknown", [](StateDict& state) { state.push_back({"extra", Tensor::ones({1})}); });
    refuses("twice", [](StateDict& state) { state.push_back(state.front()); });
    refuses("(4", [](StateDict& state) { state.front().tensor = Tensor::ones({4}); });
    refuses("0 or more", [](StateDict& state) {
      for (NamedTensor& entry : state) {
        if (entry.name == "group.0.lr") entry.tensor = Tensor::full({}, -1);
      }
    });
    // The last of them cannot be counted on from.
    for (const double count : {0.5, 0x1p53, 0x1p62}) {
      refuses("a whole number below 2^53", [&](StateDict& state) {
        for (NamedTensor& entry : state) {
          if (entry.name != "state.0.step") continue;
          entry.tensor = Tensor::full({}, count, {.dtype = DType::f64});
        }
      });
    }
  }
}

TEST_CASE("optim.optimizer.state_names_are_pytorchs") {
  const auto names = [](const optim::Optimizer& optimizer) {
    std::vector<std::string> out;
    for (const NamedTensor& entry : optimizer.state_dict()) out.push_back(entry.name);
    return out;
  };
  const std::vector<Tensor> one{parameter({2}, 1)};
  CHECK(names(optim::Adam(one)) == std::vector<std::string>{"state.0.exp_avg", "state.0.exp_avg_sq",
                                                            "state.0.step", "group.0.lr"});
  CHECK(names(optim::Sgd(one, {.momentum = 0.9})) ==
        std::vector<std::string>{"state.0.momentum_buffer", "state.0.step", "group.0.lr"});
  CHECK(names(optim::Sgd(one)) == std::vector<std::string>{"state.0.step", "group.0.lr"});
}

TEST_CASE("optim.optimizer.parameters_without_gradient_stay") {
  for (const Kind& kind : kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> parameters = two_parameters();
    const auto optimizer = kind.make(parameters);
    optimizer->set_epoch(1, 10);
    set_gradients(parameters, 1);
    parameters[1].zero_grad();
    const auto before = values_of(parameters);
    optimizer->step();
    CHECK(parameters[0].to_vector<float>() != before[0]);
    CHECK(parameters[1].to_vector<float>() == before[1]);
    const StateDict state = optimizer->state_dict();
    CHECK(find(state, "state.0.step", "test").item() == 1);
    CHECK(find(state, "state.1.step", "test").item() == 0);
    optimizer->zero_grad();
    CHECK(!parameters[0].grad().defined());
    const auto between = values_of(parameters);
    optimizer->step();
    CHECK(values_of(parameters) == between);
  }
}

TEST_CASE("optim.optimizer.groups_have_their_own_rates") {
  std::vector<Tensor> parameters = two_parameters();
  const auto before = values_of(parameters);
  optim::Sgd optimizer({{{parameters[0]}, {.lr = 0.5}}, {{parameters[1]}, {.lr = 0.25}}});
  CHECK(optimizer.group_count() == 2);
  CHECK(optimizer.lr(1) == 0.25);
  set_gradients(parameters, 4);
  optimizer.step();
  const std::vector<float> rates{0.5F, 0.25F};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto gradient = parameters[i].grad().to_vector<float>();
    const auto after = parameters[i].to_vector<float>();
    for (std::size_t j = 0; j < after.size(); ++j) {
      CHECK(after[j] == doctest::Approx(before[i][j] - rates[i] * gradient[j]).epsilon(1e-6));
    }
  }
  optimizer.set_lr(0, 0);
  const auto between = values_of(parameters);
  optimizer.step();
  CHECK(parameters[0].to_vector<float>() == between[0]);
  CHECK(parameters[1].to_vector<float>() != between[1]);
  optimizer.set_lr(0.125);
  CHECK(optimizer.lr(0) == 0.125);
  CHECK(optimizer.lr(1) == 0.125);
  CHECK(contains(error_of([&] { optimizer.set_lr(1, 2); }), "no group 2"));
  CHECK(contains(error_of([&] { (void)optimizer.lr(2); }), "no group 2"));
  CHECK(contains(error_of([&] { optimizer.set_lr(-1); }), "lr"));
  CHECK(contains(error_of([&] { optimizer.set_lr(NAN); }), "lr"));
}

TEST_CASE("optim.optimizer.steps_along_what_backward_gives") {
  Tensor weight = Tensor::of({1, 2, 3}, {3}).set_requires_grad();
  optim::Sgd optimizer(std::vector<Tensor>{weight}, {.lr = 0.1});
  for (int i = 0; i < 2; ++i) {
    optimizer.zero_grad();
    // Two backward passes add up: the gradient of w² twice is 4w.
    sum(mul(weight, weight)).backward();
    sum(mul(weight, weight)).backward();
    optimizer.step();
  }
  const auto values = weight.to_vector<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    CHECK(values[i] == doctest::Approx(0.36 * static_cast<double>(i + 1)));
  }
}

TEST_CASE("optim.optimizer.a_step_counts_as_a_write") {
  Tensor weight = Tensor::of({1, 2, 3}, {3}).set_requires_grad();
  optim::Sgd optimizer(std::vector<Tensor>{weight}, {.lr = 0.1});
  const Tensor loss = sum(mul(weight, weight));
  loss.backward({}, true);
  optimizer.step();
  CHECK_THROWS_AS(loss.backward(), Error);
}

TEST_CASE("optim.optimizer.the_one_that_steps_takes_over") {
  std::vector<Tensor> parameters = two_parameters();
  set_gradients(parameters, 1);
  const auto gradient = parameters[0].grad().to_vector<float>();
  optim::Sgd first(parameters, {.lr = 1});
  optim::Sgd second(parameters, {.lr = 2});
  CHECK(parameters[0].grad().to_vector<float>() == gradient);
  const float start = parameters[0].to_vector<float>()[0];
  first.step();
  CHECK(parameters[0].to_vector<float>()[0] == doctest::Approx(start - gradient[0]));
  second.step();
  CHECK(parameters[0].to_vector<float>()[0] == doctest::Approx(start - 3 * gradient[0]));
  first.step();
  first.zero_grad();
  sum(mul(parameters[0], parameters[0])).backward();
  second.step();
  CHECK(parameters[0].to_vector<float>()[0] == doctest::Approx(-3 * (start - 4 * gradient[0])));
}

TEST_CASE("optim.optimizer.outlives_and_is_outlived") {
  Tensor weight = parameter({4}, 1);
  const auto before = weight.to_vector<float>();
  { const optim::Adam optimizer(std::vector<Tensor>{weight}); }
  CHECK(weight.to_vector<float>() == before);
  sum(weight).backward();
  CHECK(weight.grad().to_vector<float>() == std::vector<float>(4, 1));
}

TEST_CASE("optim.optimizer.strides_of_single_elements_do_not_matter") {
  // Contiguous, although the second stride is not that of a tensor made in this shape.
  Tensor weight = Tensor::of({1, 2, 3}, {1, 3}).transpose(0, 1).set_requires_grad();
  REQUIRE(weight.is_contiguous());
  optim::Sgd optimizer(std::vector<Tensor>{weight}, {.lr = 1});
  weight.set_grad(Tensor::of({1, 1, 2}, {3, 1}));
  optimizer.step();
  CHECK(weight.to_vector<float>() == std::vector<float>{0, 1, 1});
}

TEST_CASE("optim.optimizer.refuses_parameters") {
  const Tensor good = parameter({3}, 1);
  const auto refuses = [&](const char* part, const std::vector<Tensor>& parameters) {
    const std::string message = error_of([&] { optim::Sgd optimizer(parameters); });
    INFO(std::string(part), ": ", message);
    CHECK(contains(message, part));
    CHECK(contains(message, "[sgd]"));
  };
  refuses("no parameters", {});
  refuses("undefined", {good, Tensor()});
  refuses("f64", {Tensor::ones({2}, {.dtype = DType::f64, .requires_grad = true})});
  refuses("computed from", {mul(good, good)});
  refuses("twice", {good, parameter({3}, 2), good});
  refuses("contiguous", {Tensor::ones({2, 3}).transpose(0, 1).set_requires_grad()});
  CHECK(contains(error_of([] { optim::Sgd optimizer(std::vector<optim::SgdGroup>{}); }),
                 "no parameter groups"));
  // Refused parameters are left where they were.
  CHECK(good.to_vector<float>() == numbers(3, 1));
}

TEST_CASE("optim.optimizer.refuses_options") {
  const std::vector<Tensor> one{parameter({3}, 1)};
  const auto sgd = [&](const optim::SgdOptions& options) {
    return error_of([&] { optim::Sgd optimizer(one, options); });
  };
  CHECK(contains(sgd({.lr = -1}), "lr is -1"));
  CHECK(contains(sgd({.lr = NAN}), "lr"));
  CHECK(contains(sgd({.momentum = -0.1}), "momentum"));
  CHECK(contains(sgd({.dampening = INFINITY}), "dampening"));
  CHECK(contains(sgd({.weight_decay = -1}), "weight_decay"));
  CHECK(contains(sgd({.nesterov = true}), "nesterov"));
  CHECK(contains(sgd({.momentum = 0.9, .dampening = 0.1, .nesterov = true}), "nesterov"));
  const auto adam = [&](const optim::AdamOptions& options) {
    return error_of([&] { optim::Adam optimizer(one, options); });
  };
  CHECK(contains(adam({.beta1 = 1}), "beta1"));
  CHECK(contains(adam({.beta2 = NAN}), "beta2"));
  CHECK(contains(adam({.eps = 0}), "eps"));
  CHECK(contains(adam({.lr = INFINITY}), "lr"));
  CHECK(contains(adam({.weight_decay = -1}), "weight_decay"));
  optim::Sgd good(one);
  CHECK(contains(error_of([&] { good.set_epoch(-1, 3); }), "epoch"));
  CHECK(contains(error_of([&] { good.set_epoch(1, 0); }), "epoch"));
}
