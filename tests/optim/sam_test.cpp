// Sam: the two gradients of a step, over every kind of optimizer.
#include "plastic/optim/sam.h"

#include <doctest/doctest.h>

#include "plastic/core/ops.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/frozen_statistics.h"
#include "plastic/optim/sgd.h"
#include "tests/optim/helpers.h"
#include "tests/optim/kinds.h"

using namespace plastic;
using namespace plastic::test;

namespace {

std::unique_ptr<optim::Sam> over(const Kind& kind, const std::vector<Tensor>& parameters,
                                 double rho) {
  return std::make_unique<optim::Sam>(kind.make(parameters), optim::SamOptions{.rho = rho});
}

/// Gradients that depend on where the parameters are.
void give(std::vector<Tensor>& parameters, int seed) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Tensor& parameter = parameters[i];
    parameter.zero_grad();
    const auto values = numbers(parameter.numel(), seed + static_cast<int>(i));
    const Tensor slope = Tensor::from<float>(values, parameter.shape());
    // Not of one curvature, with which a perturbation would only change the gradient's length.
    sum(add(mul(slope, parameter), pow(parameter, 3))).backward();
  }
}

void sam_steps(optim::Optimizer& sam, std::vector<Tensor>& parameters, int first, int last) {
  for (int i = first; i < last; ++i) {
    if (i % 2 == 0) sam.set_epoch(i / 2 + 1, 10);
    give(parameters, i);
    sam.perturb();
    give(parameters, i);
    sam.step();
  }
}

}  // namespace

TEST_CASE("optim.sam.without_a_radius_is_its_base") {
  for (const Kind& kind : kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> plain = two_parameters(), wrapped = two_parameters();
    const auto base = kind.make(plain);
    const auto sam = over(kind, wrapped, 0);
    for (int i = 0; i < 4; ++i) {
      if (i % 2 == 0) base->set_epoch(i / 2 + 1, 10);
      give(plain, i);
      base->step();
      sam_steps(*sam, wrapped, i, i + 1);
      CHECK(values_of(wrapped) == values_of(plain));
    }
    CHECK(sam->is_capturable() == base->is_capturable());
    CHECK(sam->diagnostics().size() == base->diagnostics().size());
  }
}

TEST_CASE("optim.sam.resumes_with_the_same_bits") {
  for (const Kind& kind : kinds()) {
    INFO(std::string(kind.name));
    std::vector<Tensor> straight = two_parameters();
    const auto whole = over(kind, straight, 0.5);
    sam_steps(*whole, straight, 0, 6);

    std::vector<Tensor> before = two_parameters();
    const auto first = over(kind, before, 0.5);
    sam_steps(*first, before, 0, 3);
    std::vector<Tensor> after;
    for (const Tensor& tensor : before) {
      after.push_back(tensor.detach().clone().set_requires_grad());
    }
    const auto second = over(kind, after, 0.5);
    second->load_state_dict(first->state_dict());
    sam_steps(*second, after, 3, 6);
    CHECK(values_of(after) == values_of(straight));
    // And it is not the base.
    std::vector<Tensor> plain = two_parameters();
    sam_steps(*over(kind, plain, 0), plain, 0, 6);
    CHECK(values_of(plain) != values_of(straight));
  }
}

TEST_CASE("optim.sam.the_radius_is_that_of_all_parameters_together") {
  std::vector<Tensor> parameters{Tensor::of({1, 2}, {2}).set_requires_grad(),
                                 Tensor::of({4}, {1}).set_requires_grad()};
  optim::Sam sam(std::make_unique<optim::Sgd>(parameters, optim::SgdOptions{.lr = 1}), {.rho = 10});
  parameters[0].set_grad(Tensor::of({0, 3}, {2}));
  parameters[1].set_grad(Tensor::of({-4}, {1}));
  sam.perturb();
  CHECK(parameters[0].to_vector<float>() == std::vector<float>{1, 8});
  CHECK(parameters[1].to_vector<float>() == std::vector<float>{-4});
  sam.zero_grad();
  parameters[0].set_grad(Tensor::of({1, 1}, {2}));
  parameters[1].set_grad(Tensor::of({1}, {1}));
  sam.step();
  CHECK(parameters[0].to_vector<float>() == std::vector<float>{0, 1});
  CHECK(parameters[1].to_vector<float>() == std::vector<float>{3});

  // Undone, and all without a gradient.
  parameters[0].set_grad(Tensor::of({1, 1}, {2}));
  sam.perturb();
  sam.restore();
  CHECK(parameters[0].to_vector<float>() == std::vector<float>{0, 1});
  sam.zero_grad();
  sam.perturb();
  sam.step();
  CHECK(parameters[0].to_vector<float>() == std::vector<float>{0, 1});
}

TEST_CASE("optim.sam.a_gradient_of_zeros_perturbs_nothing") {
  for (const bool adaptive : {false, true}) {
    std::vector<Tensor> parameters = two_parameters();
    const auto before = values_of(parameters);
    optim::Sam sam(std::make_unique<optim::Sgd>(parameters), {.rho = 1, .adaptive = adaptive});
    for (Tensor& tensor : parameters) tensor.set_grad(Tensor::zeros(tensor.shape()));
    sam.perturb();
    CHECK(values_of(parameters) == before);
  }
}

TEST_CASE("optim.sam.needs_two_gradients") {
  std::vector<Tensor> parameters = two_parameters();
  const auto before = values_of(parameters);
  optim::Sam sam(std::make_unique<optim::Sgd>(parameters, optim::SgdOptions{.momentum = 0.9}));
  give(parameters, 0);
  CHECK(contains(error_of([&] { sam.step(); }), "[sam] a step takes two gradients"));
  CHECK(values_of(parameters) == before);
  CHECK(find(sam.state_dict(), "state.0.step", "test").item() == 0);
  sam.perturb();
  CHECK(contains(error_of([&] { sam.perturb(); }), "called already"));
  give(parameters, 0);
  CHECK(error_of([&] { sam.step(); }) == "no error");

  optim::Sgd plain(two_parameters());
  CHECK(plain.gradients_per_step() == 1);
  CHECK(contains(error_of([&] { plain.perturb(); }), "[sgd] a step takes one gradient"));
}

TEST_CASE("optim.sam.hooks_change_what_the_base_sees") {
  std::vector<Tensor> parameters{Tensor::of({1}, {1}).set_requires_grad()};
  optim::Sam sam(std::make_unique<optim::Sgd>(parameters, optim::SgdOptions{.lr = 1}));
  sam.set_gradient_hook([](Tensor gradients) { gradients.mul_(3); });
  parameters[0].set_grad(Tensor::of({1}, {1}));
  sam.perturb();
  parameters[0].set_grad(Tensor::of({1}, {1}));
  sam.step();
  CHECK(parameters[0].item() == -2);
}

TEST_CASE("optim.sam.rates_and_state_are_the_bases") {
  std::vector<Tensor> parameters = two_parameters();
  optim::Sam sam(std::make_unique<optim::Sgd>(std::vector<optim::SgdGroup>{
      {{parameters[0]}, {.lr = 0.5, .momentum = 0.9}}, {{parameters[1]}, {.lr = 0.25}}}));
  CHECK(sam.group_count() == 2);
  CHECK(sam.lr(1) == 0.25);
  sam.set_lr(0.125);
  CHECK(sam.base().lr(0) == 0.125);
  const StateDict own = sam.state_dict(), base = sam.base().state_dict();
  REQUIRE(own.size() == base.size());
  for (std::size_t i = 0; i < own.size(); ++i) CHECK(own[i].name == base[i].name);
}

TEST_CASE("optim.sam.modes_are_the_bases") {
  for (const Kind& kind : kinds()) {
    if (!std::string(kind.name).starts_with("schedule-free")) continue;
    INFO(std::string(kind.name));
    std::vector<Tensor> parameters = two_parameters();
    const auto sam = over(kind, parameters, 0.1);
    sam_steps(*sam, parameters, 0, 3);
    const auto trained = values_of(parameters);
    sam->eval();
    CHECK(sam->is_evaluating());
    CHECK(values_of(parameters) != trained);
    give(parameters, 3);
    CHECK(contains(error_of([&] { sam->perturb(); }), "call train()"));
    sam->train();
    CHECK(values_of(parameters) == trained);
  }
}

TEST_CASE("optim.sam.refuses") {
  const std::vector<Tensor> parameters = two_parameters();
  const auto sgd = [&] { return std::make_unique<optim::Sgd>(parameters); };
  CHECK(contains(error_of([&] { optim::Sam sam(nullptr); }), "no optimizer to wrap"));
  CHECK(contains(error_of([&] { optim::Sam sam(sgd(), {.rho = -1}); }), "rho is -1"));
  CHECK(contains(error_of([&] { optim::Sam sam(sgd(), {.rho = NAN}); }), "rho"));
  CHECK(contains(error_of([&] { optim::Sam sam(std::make_unique<optim::Sam>(sgd())); }),
                 "takes 2 gradients per step"));
}

TEST_CASE("nn.frozen_statistics.batch_norm") {
  nn::BatchNorm1d norm(2), other(2);
  const Tensor x = Tensor::of({1, 2, 3, 5, -1, 4}, {3, 2});
  norm(x);
  other(x);
  const auto buffers = [](const nn::BatchNorm& layer) {
    std::vector<std::vector<float>> values;
    for (const Tensor& buffer : layer.buffers())
      values.push_back(buffer.to(DType::f32).to_vector<float>());
    return values;
  };
  const auto before = buffers(norm);
  const Tensor second = mul(x, 2);
  std::vector<float> frozen_output;
  {
    const nn::FrozenStatistics frozen;
    { const nn::FrozenStatistics nested; }
    frozen_output = norm(second).to_vector<float>();
  }
  CHECK(buffers(norm) == before);
  // The batch's own statistics normalise it all the same.
  CHECK(frozen_output == other(second).to_vector<float>());
  // Evaluation uses the running ones, and they move again afterwards.
  norm.eval();
  const auto evaluated = norm(x).to_vector<float>();
  {
    const nn::FrozenStatistics frozen;
    CHECK(norm(x).to_vector<float>() == evaluated);
  }
  norm.train();
  norm(second);
  CHECK(buffers(norm) == buffers(other));
}
