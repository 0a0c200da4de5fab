#include "plastic/nn/loss.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "tests/core/ops/op_cases.h"
#include "tests/support/paths.h"

namespace plastic::nn {
namespace {

using Json = nlohmann::json;

template <class T>
Tensor tensor_of(const Json& json) {
  const auto values = json.at("values").get<std::vector<T>>();
  return Tensor::from<T>(values, Shape(json.at("shape").get<std::vector<std::int64_t>>()));
}

Tensor optional(const Json& options, const char* name) {
  return options.contains(name) ? tensor_of<double>(options.at(name)) : Tensor();
}

Reduction reduction_of(const Json& options) {
  static const std::map<std::string, Reduction> names = {
      {"mean", Reduction::mean}, {"sum", Reduction::sum}, {"none", Reduction::none}};
  return names.at(options.at("reduction"));
}

Tensor run(const Json& test, const Tensor& x) {
  const std::string name = test.at("name");
  const Json& options = test.at("options");
  const Reduction reduction = reduction_of(options);
  const auto numbers = [&] { return tensor_of<double>(test.at("target")); };
  const auto classes = [&] { return tensor_of<std::int64_t>(test.at("target")); };
  if (name == "mse_loss") return mse_loss(x, numbers(), reduction);
  if (name == "l1_loss") return l1_loss(x, numbers(), reduction);
  if (name == "huber_loss") return huber_loss(x, numbers(), options.at("delta"), reduction);
  const Tensor weight = optional(options, "weight");
  if (name == "binary_cross_entropy_with_logits") {
    return bce_with_logits_loss(x, numbers(), {weight, optional(options, "pos_weight"), reduction});
  }
  if (name == "nll_loss") return nll_loss(x, classes(), {weight, -100, reduction});
  REQUIRE(name == "cross_entropy");
  return CrossEntropyLoss({weight, -100, options.at("label_smoothing"), reduction})(x, classes());
}

double worst(const Tensor& actual, const Tensor& expected) {
  REQUIRE(actual.shape() == expected.shape());
  return max(abs(actual.detach() - expected) / (abs(expected) + 1e-3)).item();
}

TEST_CASE("nn.loss.torch") {
  std::ifstream stream(test::test_folder() / "nn/golden/torch_losses.json");
  const Json file = Json::parse(stream);
  REQUIRE(file.at("cases").size() == 120);
  for (const Json& test : file.at("cases")) {
    INFO(test.at("name").dump(), " ", test.at("options").dump());
    Tensor x = tensor_of<double>(test.at("input")).set_requires_grad();
    const Tensor loss = run(test, x);
    CHECK(worst(loss, tensor_of<double>(test.at("loss"))) < 1e-9);
    loss.backward(Tensor::ones(loss.shape(), {.dtype = DType::f64}));
    CHECK(worst(x.grad(), tensor_of<double>(test.at("grad"))) < 1e-9);
  }
}

Tensor labels(std::vector<std::int64_t> values) {
  return Tensor::from(std::span<const std::int64_t>(values), {std::ssize(values)});
}

std::vector<test::OpCase> loss_cases() {
  using Inputs = std::span<const Tensor>;
  const std::vector<test::OpInput> pair = {{.shape = {3, 4}, .layout = test::Layout::permuted},
                                           {.shape = {3, 4}, .low = 0, .high = 1}};
  const std::vector<test::OpInput> scores = {{.shape = {3, 4}}};
  const std::vector<test::OpInput> maps = {{.shape = {2, 3, 2}}};
  const Tensor weight = Tensor::of({0.5, 2, 0.25, 1}, {4}).to(DType::f64);
  const Tensor holes = labels({3, 7, 0});
  const Tensor map = labels({2, 0, 1, 1}).reshape({2, 2});
  return {
      {"mse", pair, [](Inputs in) { return mse_loss(in[0], in[1]); }},
      {"l1", pair, [](Inputs in) { return l1_loss(in[0], in[1], Reduction::none); }},
      {"huber", pair, [](Inputs in) { return huber_loss(in[0], in[1], 0.7); }},
      {"bce", pair, [](Inputs in) { return bce_with_logits_loss(in[0], in[1]); }},
      {"bce weights", pair,
       [=](Inputs in) {
         return bce_with_logits_loss(in[0], in[1], {.weight = weight, .pos_weight = weight});
       }},
      {"nll", scores,
       [=](Inputs in) { return nll_loss(in[0], holes, {.weight = weight, .ignore_index = 7}); }},
      {"nll map", maps,
       [=](Inputs in) { return nll_loss(in[0], map, {.reduction = Reduction::none}); }},
      {"cross-entropy", scores,
       [=](Inputs in) {
         return cross_entropy_loss(in[0], holes,
                                   {.weight = weight, .ignore_index = 7, .label_smoothing = 0.2});
       }},
      {"cross-entropy map", maps,
       [=](Inputs in) { return cross_entropy_loss(in[0], map, {.label_smoothing = 0.1}); }},
  };
}

TEST_CASE("nn.loss.gradcheck") {
  for (const test::OpCase& loss_case : loss_cases()) {
    CAPTURE(loss_case.name);
    const GradcheckResult result =
        gradcheck(loss_case.run, test::make_inputs(loss_case, DType::f64));
    CHECK_MESSAGE(result.passed, result.message);
  }
}

TEST_CASE("nn.loss.plain_cross_entropy_is_the_fused_one") {
  manual_seed(5);
  const Tensor logits = normal({6, 4}, 0, 3, default_generator());
  const Tensor targets = labels({0, 1, 2, 3, 3, 0});
  CHECK(CrossEntropyLoss()(logits, targets).item() == cross_entropy(logits, targets).item());
  const double composed = cross_entropy_loss(logits, targets, {.ignore_index = -1}).item();
  CHECK(composed == doctest::Approx(cross_entropy(logits, targets).item()).epsilon(1e-6));
}

TEST_CASE("nn.loss.large_logits_stay_finite") {
  Tensor x = Tensor::of({1e4F, -1e4F, 1e4F, -1e4F}, {4}).set_requires_grad();
  const Tensor losses =
      bce_with_logits_loss(x, Tensor::of({1, 0, 0, 1}, {4}), {.reduction = Reduction::none});
  CHECK(losses.to_vector<float>() == std::vector<float>{0, 0, 1e4F, 1e4F});
  losses.backward(Tensor::ones({4}));
  CHECK(x.grad().to_vector<float>() == std::vector<float>{0, 0, 1, -1});
}

TEST_CASE("nn.loss.ignored_elements_count_for_nothing") {
  // Even where their loss is infinite.
  const Tensor scores = Tensor::of({-1, -2, -INFINITY, 0}, {2, 2});
  CHECK(nll_loss(scores, labels({1, 0}), {.ignore_index = 0}).item() == 2);
  CHECK(std::isnan(nll_loss(scores, labels({0, 0}), {.ignore_index = 0}).item()));
}

TEST_CASE("nn.loss.errors") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(mse_loss(x, Tensor::zeros({2, 1})),
                       doctest::Contains("[mse_loss] input (2, 3) and target (2, 1) differ"),
                       Error);
  CHECK_THROWS_WITH_AS(l1_loss(x, labels({1, 2})), doctest::Contains("[l1_loss]"), Error);
  CHECK_THROWS_WITH_AS(huber_loss(x, x, 0), doctest::Contains("delta is 0"), Error);
  CHECK_THROWS_WITH_AS(bce_with_logits_loss(x, x, {.pos_weight = Tensor::ones({2})}),
                       doctest::Contains("(2, 3)"), Error);
  CHECK_THROWS_WITH_AS(nll_loss(x, labels({0, 3})),
                       "[nll_loss] target 3 at position 1 is not in [0, 3)", Error);
  CHECK_THROWS_WITH_AS(nll_loss(x, labels({0, -1}), {.ignore_index = -100}),
                       doctest::Contains("not in [0, 3) and not ignore_index"), Error);
  CHECK_THROWS_WITH_AS(nll_loss(x, labels({0})), doctest::Contains("does not fit targets (1,)"),
                       Error);
  CHECK_THROWS_WITH_AS(nll_loss(x, x), doctest::Contains("i64 class indices, got f32"), Error);
  CHECK_THROWS_WITH_AS(nll_loss(x, labels({0, 1}), {.weight = Tensor::ones({2})}),
                       doctest::Contains("class weights have shape (2,)"), Error);
  CHECK_THROWS_WITH_AS(CrossEntropyLoss({.label_smoothing = 1.5}),
                       doctest::Contains("label_smoothing is 1.5"), Error);
}

}  // namespace
}  // namespace plastic::nn
