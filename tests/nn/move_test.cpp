// Module::to. A CPU device of index 1 computes where the first one does but counts as another,
// which is all that moving sees.
#include <doctest/doctest.h>

#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/linear.h"
#include "plastic/nn/sequential.h"
#include "plastic/optim/sgd.h"

namespace plastic::nn {
namespace {

constexpr Device other{.type = DeviceType::cpu, .index = 1};

/// Parameters, buffers and a layer that appears twice.
std::shared_ptr<Sequential> net() {
  manual_seed(1);
  const auto twice = std::make_shared<Linear>(4, 4);
  return std::make_shared<Sequential>(std::initializer_list<ModulePtr>{
      std::make_shared<Linear>(3, 4), std::make_shared<BatchNorm1d>(4), twice, twice});
}

std::vector<std::vector<float>> values_of(const Module& module) {
  std::vector<std::vector<float>> out;
  for (const NamedTensor& entry : module.state_dict()) {
    out.push_back(entry.tensor.to(DType::f32).to_vector<float>());
  }
  return out;
}

std::vector<const float*> places_of(const Module& module) {
  std::vector<const float*> out;
  for (const Tensor& tensor : module.parameters()) out.push_back(tensor.data<float>());
  return out;
}

TEST_CASE("nn.move.parameters_and_buffers_move_in_place") {
  const auto module = net();
  const std::vector<Tensor> held = module->parameters();
  const auto values = values_of(*module);
  const auto places = places_of(*module);
  module->to(other);
  CHECK(values_of(*module) == values);
  for (const NamedTensor& entry : module->state_dict()) {
    INFO(entry.name);
    CHECK(entry.tensor.device() == other);
  }
  for (std::size_t i = 0; i < held.size(); ++i) {
    INFO("parameter ", i);
    CHECK(held[i].device() == other);
    CHECK(held[i].requires_grad());
    CHECK(held[i].data<float>() == places_of(*module)[i]);
    CHECK(held[i].data<float>() != places[i]);
  }
  const Tensor x = Tensor::ones({2, 3}, {.device = other});
  CHECK((*module)(x).device() == other);
}

TEST_CASE("nn.move.to_the_same_device_does_nothing") {
  const auto module = net();
  const auto places = places_of(*module);
  module->to({});
  CHECK(places_of(*module) == places);
  module->to(other);
  const auto moved = places_of(*module);
  module->to(other);
  CHECK(places_of(*module) == moved);
}

TEST_CASE("nn.move.gradients_move_along") {
  const auto module = net();
  const std::vector<Tensor> parameters = module->parameters();
  const optim::Sgd before(std::vector<Tensor>{parameters[0], parameters[1]});
  sum((*module)(Tensor::ones({2, 3}))).backward();
  std::vector<std::vector<float>> gradients;
  for (const Tensor& tensor : parameters) gradients.push_back(tensor.grad().to_vector<float>());
  module->to(other);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    INFO("parameter ", i);
    CHECK(parameters[i].grad().device() == other);
    CHECK(parameters[i].grad().to_vector<float>() == gradients[i]);
  }
  // Nor do later gradients go where the optimizer of the old device had its own.
  Tensor weight = parameters[0];
  weight.zero_grad();
  sum(mul(weight, weight)).backward();
  CHECK(weight.grad().device() == other);
}

TEST_CASE("nn.move.optimizers_are_made_afterwards") {
  const auto module = net();
  std::vector<Tensor> parameters{module->named_parameters()[0].tensor};
  optim::Sgd before(parameters, {.lr = 0.5});
  module->to(other);
  parameters[0].set_grad(Tensor::ones({4, 3}, {.device = other}));
  const float first = parameters[0].to_vector<float>()[0];
  CHECK_THROWS_WITH_AS(before.step(), doctest::Contains("make the optimizer after moving"), Error);
  optim::Sgd after(parameters, {.lr = 0.5});
  after.step();
  CHECK(parameters[0].to_vector<float>()[0] == first - 0.5F);
}

TEST_CASE("nn.move.a_device_that_is_not_there") {
  const Device missing{.type = DeviceType::cuda, .index = 1000};
  const auto module = net();
  const auto values = values_of(*module);
  const auto places = places_of(*module);
  CHECK_THROWS_WITH_AS(module->to(missing), doctest::Contains("cuda:1000 is not available"), Error);
  CHECK(values_of(*module) == values);
  CHECK(places_of(*module) == places);
  CHECK(module->parameters()[0].device() == Device{});
}

}  // namespace
}  // namespace plastic::nn
