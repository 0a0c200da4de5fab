#include "plastic/nn/module.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "plastic/core/error.h"
#include "plastic/nn/activation.h"
#include "plastic/nn/dropout.h"
#include "plastic/nn/linear.h"
#include "plastic/nn/sequential.h"
#include "tests/support/linear.h"

namespace plastic::nn {
namespace {

/// Two layers under names of their own, a buffer, and a nested module.
class Net : public Module {
 public:
  Net() {
    register_child("first", first_);
    register_child("rest", rest_);
    scale_ = register_buffer("scale", Tensor::full({1}, 2));
  }
  Tensor forward(const Tensor& x) override { return rest_->forward(first_->forward(x)); }
  using Module::register_child;
  using Module::register_parameter;

 private:
  ModulePtr first_ = std::make_shared<Linear>(3, 4);
  ModulePtr rest_ = std::make_shared<Sequential>(std::initializer_list<ModulePtr>{
      std::make_shared<Dropout>(0.5),
      std::make_shared<Linear>(4, 2, LinearOptions{.bias = false})});
  Tensor scale_;
};

std::vector<std::string> names(const std::vector<NamedTensor>& tensors) {
  std::vector<std::string> found;
  for (const NamedTensor& entry : tensors) found.push_back(entry.name);
  return found;
}

TEST_CASE("nn.module.names") {
  const Net net;
  CHECK(names(net.named_parameters()) ==
        std::vector<std::string>{"first.weight", "first.bias", "rest.1.weight"});
  CHECK(names(net.state_dict()) ==
        std::vector<std::string>{"scale", "first.weight", "first.bias", "rest.1.weight"});
  CHECK(net.parameter_count() == 12 + 4 + 8);
}

TEST_CASE("nn.module.load_state_dict") {
  manual_seed(1);
  Net from;
  Net to;
  const Tensor x = Tensor::ones({2, 3});
  from.eval();
  to.eval();
  CHECK(from(x).to_vector<float>() != to(x).to_vector<float>());
  to.load_state_dict(from.state_dict());
  CHECK(from(x).to_vector<float>() == to(x).to_vector<float>());
  CHECK(to.parameters()[0].requires_grad());
}

TEST_CASE("nn.module.load_state_dict_changes_nothing_on_error") {
  Net net;
  const std::vector<float> before = net.parameters()[0].to_vector<float>();
  StateDict state;
  for (const NamedTensor& entry : Net().state_dict()) state.push_back(entry);

  StateDict missing = state;
  missing.pop_back();
  CHECK_THROWS_WITH_AS(net.load_state_dict(missing), doctest::Contains("\"rest.1.weight\""), Error);
  StateDict unknown = state;
  unknown.push_back({"extra", Tensor::ones({1})});
  CHECK_THROWS_WITH_AS(net.load_state_dict(unknown), doctest::Contains("\"extra\""), Error);
  StateDict misshapen = state;
  misshapen.back().tensor = Tensor::ones({2, 5});
  CHECK_THROWS_WITH_AS(net.load_state_dict(misshapen),
                       doctest::Contains("has shape (2, 5), the module needs (2, 4)"), Error);
  CHECK(net.parameters()[0].to_vector<float>() == before);
}

TEST_CASE("nn.module.many_layers_in_linear_time") {
  // A state in another order than the module's, so that no search ends early.
  CHECK(test::is_about_linear(
      [](int count) {
        Net net;
        StateDict state = net.state_dict();
        for (int i = 0; i < count; ++i) {
          const std::string name = std::to_string(i);
          net.register_parameter(name, Tensor::full({1}, 0));
          state.push_back({name, Tensor::full({1}, i)});
        }
        std::reverse(state.begin(), state.end());
        net.load_state_dict(state);
        CHECK(net.parameters()[0].item() == 0);
        CHECK(net.parameters()[static_cast<std::size_t>(count) - 1].item() == count - 1);
      },
      8000));
  CHECK(test::is_about_linear(
      [](int count) {
        Sequential layers;
        for (int i = 0; i < count; ++i) layers.append(std::make_shared<ReLU>());
      },
      10000));
}

TEST_CASE("nn.module.training_mode_reaches_the_leaves") {
  Net net;
  const Tensor x = Tensor::ones({4, 3});
  net.eval();
  CHECK(net(x).to_vector<float>() == net(x).to_vector<float>());
  net.train();
  CHECK(net(x).to_vector<float>() != net(x).to_vector<float>());
}

TEST_CASE("nn.module.bad_names") {
  Net net;
  CHECK_THROWS_WITH_AS(net.register_parameter("a.b", Tensor::ones({1})),
                       doctest::Contains("contain a dot"), Error);
  CHECK_THROWS_WITH_AS(net.register_child("first", std::make_shared<Dropout>()),
                       "[module] the name \"first\" is taken", Error);
  CHECK_THROWS_WITH_AS(net.register_child("none", nullptr), doctest::Contains("is null"), Error);
}

}  // namespace
}  // namespace plastic::nn
