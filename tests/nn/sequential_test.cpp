// A Sequential is its children's forward() one after the other, whatever it joins.
#include "plastic/nn/sequential.h"

#include <doctest/doctest.h>

#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/memory.h"
#include "tests/nn/no_rtti_modules.h"

#define DERIVED_MODULES with_rtti
#include "tests/nn/derived_modules.h"

namespace plastic::nn {
namespace {

using test::with_rtti::Doubled;
using test::with_rtti::List;

Tensor one_by_one(const List& list, const Tensor& x) {
  Tensor y = x;
  for (const ModulePtr& module : list) y = module->forward(y);
  return y;
}

/// The sequence and its modules one by one give the same results and gradients, in training and in
/// evaluation, and the sequence once more when folded.
void check_lists(const std::vector<List>& lists, const Tensor& x, Generator& generator) {
  for (std::size_t i = 0; i < lists.size(); ++i) {
    CAPTURE(i);
    const List& list = lists[i];
    Sequential model;
    for (const ModulePtr& module : list) model.append(module);
    for (const bool training : {true, false}) {
      CAPTURE(training);
      model.train(training);
      const Generator before = generator;
      const StateDict state = [&] {
        StateDict copies = model.state_dict();
        for (NamedTensor& entry : copies) entry.tensor = entry.tensor.clone();
        return copies;
      }();
      const auto gradient = [&](const Tensor& y) {
        sum(y * y).backward();
        std::vector<float> found;
        for (Tensor parameter : model.parameters()) {
          const std::vector<float> values = parameter.grad().to_vector<float>();
          found.insert(found.end(), values.begin(), values.end());
          parameter.zero_grad();
        }
        return found;
      };
      const Tensor expected = one_by_one(list, x);
      const bool is_trained = !model.parameters().empty();
      const std::vector<float> slope = is_trained ? gradient(expected) : std::vector<float>{};
      const std::uint64_t drawn = generator.offset;
      generator = before;
      model.load_state_dict(state);
      const Tensor actual = model.forward(x);
      CHECK(actual.to_vector<float>() == expected.to_vector<float>());
      if (is_trained) CHECK(gradient(actual) == slope);
      CHECK(generator.offset == drawn);
    }
    const NoGrad no_grad;
    const Tensor before = model.forward(x);
    model.fold_batch_norm();
    const double scale = max(abs(before)).item();
    CHECK(max(abs(model.forward(x) - before)).item() <= 1e-5 * scale);
  }
}

TEST_CASE("nn.sequential.calls_forward_of_derived_classes") {
  Generator generator{.seed = 12};
  const Tensor rows = uniform({6, 4}, -1, 1, generator);
  const Tensor images = uniform({2, 3, 8, 8}, -1, 1, generator);
  check_lists(test::with_rtti::lists_for_rows(generator), rows, generator);
  check_lists(test::with_rtti::lists_for_images(generator), images, generator);
}

TEST_CASE("nn.sequential.takes_modules_without_run_time_type_information") {
  Generator generator{.seed = 12};
  const Tensor rows = uniform({6, 4}, -1, 1, generator);
  const Tensor images = uniform({2, 3, 8, 8}, -1, 1, generator);
  check_lists(test::no_rtti_lists_for_rows(generator), rows, generator);
  check_lists(test::no_rtti_lists_for_images(generator), images, generator);
}

/// One that has a joined form of its own, and one derived from it that changes forward() alone.
struct OwnForm : Module {
  Tensor forward(const Tensor& x) override { return x * 2.0; }
  Tensor forward_activated(const Tensor& x, Activation) override { return relu(x * 2.0); }
};

TEST_CASE("nn.sequential.a_joined_form_is_not_inherited") {
  const auto derived = std::make_shared<Doubled<OwnForm>>();
  Sequential model{derived, std::make_shared<ReLU>()};
  CHECK(model.forward(Tensor::of({-1, 3}, {2})).to_vector<float>() == std::vector<float>{0, 13});
}

TEST_CASE("nn.module.forward_activated_of_derived_classes") {
  Generator generator{.seed = 3};
  const Tensor rows = uniform({3, 4}, -1, 1, generator);
  Doubled<Linear> linear(4, 4, LinearOptions{.generator = &generator});
  const auto values = [](const Tensor& y) { return y.to_vector<float>(); };
  CHECK(values(linear.forward_activated(rows, Activation::relu)) == values(relu(linear(rows))));
  CHECK(values(linear.forward_activated(rows, Activation::none)) == values(linear(rows)));
  Doubled<Dropout> dropout(0.25, &generator);
  Linear plain(4, 4, LinearOptions{.generator = &generator});
  const Generator before = generator;
  const Tensor joined = plain.forward_relu_dropout(rows, dropout);
  generator = before;
  CHECK(values(joined) == values(dropout(relu(plain(rows)))));

  const Tensor images = uniform({2, 3, 5, 5}, -1, 1, generator);
  Doubled<Conv2d> conv(3, 2, 3, Conv2dOptions{.generator = &generator});
  CHECK(values(conv.forward_activated(images, Activation::relu)) == values(relu(conv(images))));
  CHECK(values(conv.forward_max_pooled(images, Activation::relu, {})) ==
        values(max_pool2d(relu(conv(images)))));
  Doubled<BatchNorm2d> norm(3);
  CHECK(values(norm.forward_activated(images, Activation::relu)) == values(relu(norm(images))));
  CHECK(values(norm.forward_added(images, images, Activation::relu)) ==
        values(relu(norm(images) + images)));
  CHECK_THROWS_WITH_AS(conv.absorb(BatchNorm2d(2)), doctest::Contains("of a derived class"), Error);
  CHECK_THROWS_WITH_AS(Conv2d(3, 3, 3).absorb(norm), doctest::Contains("of a derived class"),
                       Error);
}

struct CallsItself : Linear {
  using Linear::Linear;
  Tensor forward(const Tensor& x) override {
    return Linear::forward_activated(x, Activation::relu);
  }
};

TEST_CASE("nn.module.a_forward_that_calls_forward_activated_on_itself_is_an_error") {
  CallsItself layer(2, 2);
  const Tensor x = Tensor::ones({1, 2});
  CHECK_THROWS_WITH_AS(layer(x), doctest::Contains("call the forward() of the class"), Error);
  CHECK_THROWS_WITH_AS(layer.forward_activated(x, Activation::relu),
                       doctest::Contains("calls forward_activated() on the same module"), Error);
}

TEST_CASE("nn.sequential.a_pooled_convolution_keeps_nothing_of_the_size_before_pooling") {
  Generator generator{.seed = 8};
  const Tensor x = uniform({2, 3, 64, 64}, -1, 1, generator);
  Sequential model{
      std::make_shared<Conv2d>(3, 64, 3, Conv2dOptions{.padding = {1, 1}, .generator = &generator}),
      std::make_shared<ReLU>(), std::make_shared<MaxPool2d>()};
  const std::size_t before = memory_use().in_use;
  const Tensor y = model(x);
  const std::size_t kept = memory_use().in_use - before;
  CHECK(y.shape() == Shape{2, 64, 32, 32});
  // The pooled result, a byte for each of its elements, and x, which lies channels-last.
  CHECK(kept < std::size_t{2} * 64 * 64 * 64 * sizeof(float));
}

TEST_CASE("nn.sequential.what_is_attached_survives_joining_and_folding") {
  Generator generator{.seed = 5};
  const auto linear = std::make_shared<Linear>(2, 2, LinearOptions{.generator = &generator});
  Sequential model{linear, std::make_shared<ReLU>(), std::make_shared<Dropout>(0.5, &generator)};
  int calls = 0;
  linear->weight.register_hook([&](const Tensor&) {
    ++calls;
    return Tensor();
  });
  sum(model(Tensor::ones({1, 2}))).backward();
  CHECK(calls == 1);

  const auto conv = std::make_shared<Conv2d>(1, 1, 3, Conv2dOptions{.generator = &generator});
  const auto frozen = std::make_shared<Conv2d>(1, 1, 1, Conv2dOptions{.bias = false});
  frozen->weight.set_requires_grad(false);
  Sequential folded{conv, std::make_shared<BatchNorm2d>(1), frozen,
                    std::make_shared<BatchNorm2d>(1)};
  conv->weight.register_hook([&](const Tensor&) {
    ++calls;
    return Tensor();
  });
  folded.fold_batch_norm();
  sum(folded(Tensor::ones({1, 1, 4, 4}))).backward();
  CHECK(calls == 2);
  CHECK_FALSE(frozen->weight.requires_grad());
  CHECK_FALSE(frozen->bias.requires_grad());
  CHECK(conv->bias.requires_grad());
}

}  // namespace
}  // namespace plastic::nn
