// Optimizers over whole tensors, beyond what they share with others (tests/optim/kinds.h) and what
// packages do (matrix_golden_test.cpp).
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <memory>

#include "plastic/core/ops.h"
#include "plastic/optim/adafactor.h"
#include "plastic/optim/adam.h"
#include "plastic/optim/lamb.h"
#include "plastic/optim/muon.h"
#include "plastic/optim/prodigy.h"
#include "plastic/optim/soap.h"
#include "tests/optim/helpers.h"

using namespace plastic;
using namespace plastic::test;

namespace {

void step(optim::Optimizer& optimizer, std::vector<Tensor>& parameters, int seed) {
  set_gradients(parameters, seed);
  optimizer.step();
}

double number(const optim::Optimizer& optimizer, const std::string& name) {
  return find(optimizer.state_dict(), name, "test").item();
}

}  // namespace

TEST_CASE("optim.matrix.options_out_of_range_are_refused") {
  const std::vector<Tensor> one{parameter({2, 2}, 1)};
  const auto refuses = [&](const std::string& part, const std::function<void()>& make) {
    const std::string message = error_of(make);
    INFO(message);
    CHECK(contains(message, part));
  };
  refuses("[muon] lr is 0; it must be a number above 0", [&] { optim::Muon(one, {.lr = 0}); });
  refuses("[muon] momentum is 1", [&] { optim::Muon(one, {.momentum = 1}); });
  refuses("[muon] ns_steps is 0", [&] { optim::Muon(one, {.ns_steps = 0}); });
  refuses("[muon] eps is 0", [&] { optim::Muon(one, {.eps = 0}); });
  refuses("[muon] adamw_beta2 is 1", [&] { optim::Muon(one, {.adamw_beta2 = 1}); });
  refuses("[lamb] beta1 is -1", [&] { optim::Lamb(one, {.beta1 = -1}); });
  refuses("[lamb] max_norm is 1 and min_norm is 2",
          [&] { optim::Lamb(one, {.min_norm = 2, .max_norm = 1}); });
  refuses("[adafactor] beta2_decay is 0.5", [&] { optim::Adafactor(one, {.beta2_decay = 0.5}); });
  refuses("[adafactor] d is 0.5", [&] { optim::Adafactor(one, {.d = 0.5}); });
  refuses("[prodigy] d0 is 0", [&] { optim::Prodigy(one, {.d0 = 0}); });
  refuses("[prodigy] growth_rate is 1", [&] { optim::Prodigy(one, {.growth_rate = 1}); });
  refuses("[prodigy] slice_p is 0", [&] { optim::Prodigy(one, {.slice_p = 0}); });
  refuses("[soap] precondition_frequency is 0",
          [&] { optim::Soap(one, {.precondition_frequency = 0}); });
  refuses("[soap] shampoo_beta is 1", [&] { optim::Soap(one, {.shampoo_beta = 1.0}); });
}

TEST_CASE("optim.muon.updates_are_nearly_orthogonal") {
  for (const Shape& shape : {Shape{8, 24}, Shape{24, 8}, Shape{8, 2, 3, 4}}) {
    CAPTURE(to_string(shape));
    Generator generator(5);
    Tensor w = Tensor::zeros(shape).set_requires_grad();
    optim::Muon optimizer({w}, {.lr = 1, .adjust_lr = optim::MuonRate::spectral_unclamped});
    w.set_grad(normal(shape, 0, 1, generator));
    optimizer.step();
    const Tensor flat = w.detach().flatten(1);
    const bool is_tall = flat.size(0) > flat.size(1);
    const Tensor wide = is_tall ? flat.transpose(0, 1) : flat;
    const double unit = static_cast<double>(flat.size(0)) / static_cast<double>(flat.size(1));
    const Tensor products = matmul(wide, wide.transpose(0, 1)) / unit;
    // Squares of singular values between 0.68 and 1.13.
    const Tensor squares = diagonal(products);
    CHECK(min(squares).item() > 0.4);
    CHECK(max(squares).item() < 1.4);
  }
}

TEST_CASE("optim.muon.groups_without_muon_are_adamws") {
  std::vector<Tensor> mine{parameter({3, 4}, 1)}, theirs{parameter({3, 4}, 1)};
  optim::Muon muon(std::vector<optim::MuonGroup>{
      {mine, {.lr = 0.5, .weight_decay = 0.1, .use_muon = false, .adamw_lr = 0.01}}});
  optim::AdamW adamw(theirs,
                     {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-10, .weight_decay = 0.1});
  for (int i = 0; i < 4; ++i) {
    // Schedules of lr are AdamW's as well.
    if (i == 2) {
      muon.set_lr(0.25);
      adamw.set_lr(0.005);
    }
    step(muon, mine, i);
    step(adamw, theirs, i);
    CHECK(max(abs(mine[0].detach() - theirs[0].detach())).item() <= 1e-7);
  }
}

TEST_CASE("optim.muon.a_gradient_of_zeros_moves_nothing") {
  Tensor w = parameter({3, 4}, 1);
  const auto before = w.to_vector<float>();
  optim::Muon optimizer({w});
  w.set_grad(Tensor::zeros({3, 4}));
  optimizer.step();
  CHECK(w.to_vector<float>() == before);
}

TEST_CASE("optim.lamb.matrices_move_by_lr_times_their_norm") {
  Tensor w = parameter({3, 4}, 1), zero = Tensor::zeros({3, 4}).set_requires_grad();
  const Tensor before = w.detach().clone();
  std::vector<Tensor> parameters{w, zero};
  optim::Lamb optimizer(parameters, {.lr = 0.01, .weight_decay = 0.3});
  step(optimizer, parameters, 4);
  CHECK(norm(w.detach() - before).item() == doctest::Approx(0.01 * norm(before).item()));
  // A tensor of zeros has no norm to go by: Adam's first step is lr for each element.
  CHECK(max(abs(zero.detach())).item() == doctest::Approx(0.01).epsilon(1e-3));
}

TEST_CASE("optim.prodigy.d_finds_the_distance") {
  // |x - 3|, from 0.
  Tensor x = Tensor::zeros({1}).set_requires_grad();
  optim::Prodigy optimizer({x}, {.use_bias_correction = true});
  for (int i = 0; i < 300; ++i) {
    x.set_grad(sign(x.detach() - 3.0));
    optimizer.step();
  }
  CHECK(optimizer.d() > 0.3);
  CHECK(optimizer.d() < 9);
  CHECK(std::abs(x.item() - 3) < 1);
}

TEST_CASE("optim.prodigy.gradients_of_zeros_change_nothing") {
  std::vector<Tensor> parameters{parameter({3}, 1)};
  const auto before = values_of(parameters);
  optim::Prodigy optimizer(parameters, {.weight_decay = 0.5, .d0 = 0.1});
  parameters[0].set_grad(Tensor::zeros({3}));
  optimizer.step();
  CHECK(values_of(parameters) == before);
  CHECK(optimizer.d() == 0.1);
  CHECK(number(optimizer, "k") == 0);
}

TEST_CASE("optim.prodigy.groups_share_d") {
  const std::vector<Tensor> one{parameter({3}, 1)}, two{parameter({3}, 2)};
  CHECK(
      contains(error_of([&] {
                 optim::Prodigy(std::vector<optim::ProdigyGroup>{{one, {}}, {two, {.beta1 = 0.5}}});
               }),
               "groups share one estimate of d"));
  optim::Prodigy optimizer(std::vector<optim::ProdigyGroup>{
      {one, {.d0 = 0.1}}, {two, {.weight_decay = 0.5, .d0 = 0.1}}});
  std::vector<Tensor> all{one[0], two[0]};
  optimizer.set_lr(0.5, 1);
  set_gradients(all, 1);
  const auto before = values_of(all);
  CHECK(contains(error_of([&] { optimizer.step(); }), "rates of groups are 1 and 0.5"));
  CHECK(values_of(all) == before);
  CHECK(number(optimizer, "state.0.step") == 0);
  // A group whose rate is 0 rests, and later begins from where it is.
  optimizer.set_lr(0, 1);
  optimizer.step();
  CHECK(all[0].to_vector<float>() != before[0]);
  CHECK(all[1].to_vector<float>() == before[1]);
  optimizer.set_lr(1, 1);
  step(optimizer, all, 2);
  CHECK(all[1].to_vector<float>() != before[1]);
  CHECK(find(optimizer.state_dict(), "state.1.p0", "test").to_vector<float>() == before[1]);
}

TEST_CASE("optim.prodigy.a_negative_numerator_is_resumed") {
  std::vector<Tensor> parameters{Tensor::zeros({1}).set_requires_grad()};
  optim::Prodigy optimizer(parameters, {.d0 = 0.1});
  for (const float g : {1.0F, -1.0F, -1.0F}) {
    parameters[0].set_grad(Tensor::of({g}, {1}));
    optimizer.step();
  }
  const StateDict state = optimizer.state_dict();
  CHECK(find(state, "d_numerator", "test").item() < 0);
  optim::Prodigy resumed(parameters, {.d0 = 0.1});
  resumed.load_state_dict(state);
  CHECK(number(resumed, "d_numerator") == number(optimizer, "d_numerator"));
}

TEST_CASE("optim.soap.resumes_with_the_same_bits") {
  const auto start = [] {
    return std::vector<Tensor>{parameter({3, 7}, 1), parameter({5}, 2), parameter({2, 3, 2}, 3)};
  };
  const optim::SoapOptions options{.lr = 0.1, .precondition_frequency = 2, .precondition_1d = true};
  std::vector<Tensor> whole = start(), halves = start();
  optim::Soap one(whole, options);
  StateDict saved;
  for (int i = 0; i < 4; ++i) step(one, whole, i);
  {
    optim::Soap two(halves, options);
    for (int i = 0; i < 4; ++i) step(two, halves, i);
    saved = two.state_dict();
  }
  optim::Soap resumed(halves, options);
  resumed.load_state_dict(saved);
  for (int i = 4; i < 8; ++i) {
    step(one, whole, i);
    step(resumed, halves, i);
  }
  CHECK(values_of(whole) == values_of(halves));
  CHECK(values_of(whole) != values_of(start()));
}

TEST_CASE("optim.soap.the_first_gradient_moves_nothing") {
  std::vector<Tensor> parameters{parameter({3, 4}, 1)};
  const auto before = values_of(parameters);
  optim::Soap optimizer(parameters);
  step(optimizer, parameters, 1);
  CHECK(values_of(parameters) == before);
  step(optimizer, parameters, 2);
  CHECK(values_of(parameters) != before);
}

TEST_CASE("optim.soap.is_adam_where_axes_are_too_long") {
  std::vector<Tensor> mine{parameter({3, 4}, 1)}, theirs{parameter({3, 4}, 1)};
  optim::Soap soap(mine, {.lr = 0.01, .weight_decay = 0, .max_precondition_dim = 2});
  optim::Adam adam(theirs, {.lr = 0.01, .beta1 = 0.95, .beta2 = 0.95});
  step(soap, mine, 0);
  for (int i = 1; i < 5; ++i) {
    step(soap, mine, i);
    step(adam, theirs, i);
  }
  CHECK(max(abs(mine[0].detach() - theirs[0].detach())).item() <= 1e-6);
}

TEST_CASE("optim.soap.follows_a_turned_problem") {
  // The same gradients in a turned basis give the turned trajectory: what makes SOAP what it is.
  const double c = std::cos(0.7), s = std::sin(0.7);
  const Tensor turn = Tensor::of(
      {static_cast<float>(c), static_cast<float>(-s), static_cast<float>(s), static_cast<float>(c)},
      {2, 2});
  Tensor plain = parameter({2, 3}, 1);
  Tensor turned = matmul(turn, plain.detach()).set_requires_grad();
  const optim::SoapOptions options{.lr = 0.05, .precondition_frequency = 3};
  optim::Soap one({plain}, options), two({turned}, options);
  for (int i = 0; i < 20; ++i) {
    Generator generator(static_cast<std::uint64_t>(i));
    const Tensor gradient = normal({2, 3}, 0, 1, generator);
    plain.set_grad(gradient);
    turned.set_grad(matmul(turn, gradient));
    one.step();
    two.step();
  }
  CHECK(max(abs(matmul(turn, plain.detach()) - turned.detach())).item() <= 1e-4);
}
