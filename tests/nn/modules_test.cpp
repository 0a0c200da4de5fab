#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/precision.h"
#include "plastic/nn/activation.h"
#include "plastic/nn/containers.h"
#include "plastic/nn/embedding.h"
#include "plastic/nn/layer_norm.h"
#include "plastic/nn/linear.h"
#include "plastic/nn/models.h"
#include "plastic/nn/summary.h"
#include "tests/core/ops/op_cases.h"
#include "tests/support/scoped_precision.h"

namespace plastic::nn {
namespace {

Tensor indices(std::vector<std::int64_t> values, const Shape& shape) {
  return Tensor::from(std::span<const std::int64_t>(values), shape);
}

void check_close(const Tensor& actual, const std::vector<float>& expected) {
  const std::vector<float> values = actual.to_vector<float>();
  REQUIRE(values.size() == expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    CHECK(std::abs(values[i] - expected[i]) < 2e-6F);
  }
}

TEST_CASE("nn.activation.values") {
  const Tensor x = Tensor::of({-2, 0, 1}, {3});
  check_close(ReLU()(x), {0, 0, 1});
  check_close(LeakyReLU(0.1)(x), {-0.2F, 0, 1});
  check_close(GELU()(x), {-0.0455003F, 0, 0.8413447F});
  check_close(SiLU()(x), {-0.2384058F, 0, 0.7310586F});
  check_close(Tanh()(x), {-0.9640276F, 0, 0.7615942F});
  check_close(Sigmoid()(x), {0.1192029F, 0.5F, 0.7310586F});
  check_close(Softplus()(x), {0.1269280F, 0.6931472F, 1.3132617F});
  check_close(Softmax()(x), {0.0351190F, 0.2594964F, 0.7053845F});
  check_close(Softmax(0)(x.reshape({3, 1})), {0.0351190F, 0.2594964F, 0.7053845F});
  CHECK_THROWS_WITH_AS(LeakyReLU(NAN), "[LeakyReLU] slope is nan; it must be a number", Error);
}

TEST_CASE("nn.layer_norm.torch") {
  LayerNorm layer(Shape{3}, {.eps = 0.1});
  layer.load_state_dict(
      {{"weight", Tensor::of({1, 2, -1}, {3})}, {"bias", Tensor::of({0.5, 0, 1}, {3})}});
  Tensor x = Tensor::of({1, 2, 4, -1, 0.5, 0}, {2, 3}).set_requires_grad();
  const Tensor y = layer(x);
  check_close(y, {-0.5362554F, -0.5181277F, -0.2953193F, -0.6918283F, 1.9069252F, 0.7616343F});
  sum(y * Tensor::of({1, 0, 0, 0, 2, 1}, {2, 3})).backward();
  check_close(x.grad(), {0.2399384F, -0.3286112F, 0.0886728F, 0.6013317F, 2.6653612F, -3.2666929F});
  check_close(layer.weight.grad(), {-1.0362554F, 1.9069252F, 0.2383656F});
  check_close(layer.bias.grad(), {1, 2, 1});
}

TEST_CASE("nn.layer_norm.gradcheck") {
  LayerNorm last(Shape{4}, {.affine = false});
  LayerNorm two(Shape{3, 2}, {.eps = 0.01, .affine = false});
  const std::vector<test::OpCase> cases = {
      {"last axis",
       {{.shape = {2, 3, 4}, .layout = test::Layout::permuted}},
       [&](std::span<const Tensor> in) { return last(in[0]); }},
      {"two axes", {{.shape = {2, 3, 2}}}, [&](std::span<const Tensor> in) { return two(in[0]); }}};
  for (const test::OpCase& layer_case : cases) {
    CAPTURE(layer_case.name);
    const GradcheckResult result =
        gradcheck(layer_case.run, test::make_inputs(layer_case, DType::f64));
    CHECK_MESSAGE(result.passed, result.message);
  }
}

TEST_CASE("nn.layer_norm.errors") {
  CHECK_THROWS_WITH_AS(LayerNorm(Shape{}), doctest::Contains("needs one axis or more"), Error);
  CHECK_THROWS_WITH_AS(LayerNorm(Shape{3}, {.eps = -1}), doctest::Contains("eps is -1"), Error);
  LayerNorm layer(Shape{3, 2});
  CHECK(layer.parameter_count() == 12);
  CHECK_THROWS_WITH_AS(layer(Tensor::ones({5, 2})),
                       "[LayerNorm] the last axes of the input (5, 2) are not (3, 2)", Error);
  CHECK_THROWS_AS(layer(Tensor::ones({2})), Error);
}

TEST_CASE("nn.embedding.rows_and_gradients") {
  Generator generator{.seed = 2};
  Embedding layer(4, 2, {.padding_idx = -1, .generator = &generator});
  const std::vector<float> table = layer.weight.to_vector<float>();
  CHECK(table[6] == 0);
  CHECK(table[7] == 0);
  const Tensor y = layer(indices({2, 3, 2, 0}, {2, 2}));
  CHECK(y.shape() == Shape{2, 2, 2});
  CHECK(y.to_vector<float>() ==
        std::vector<float>{table[4], table[5], 0, 0, table[4], table[5], table[0], table[1]});
  y.backward(Tensor::ones({2, 2, 2}));
  CHECK(layer.weight.grad().to_vector<float>() == std::vector<float>{1, 1, 0, 0, 2, 2, 0, 0});
}

TEST_CASE("nn.embedding.initialisation") {
  Generator generator{.seed = 2};
  Embedding layer(200, 100, {.generator = &generator});
  CHECK(std::abs(mean(layer.weight).item()) < 0.02);
  CHECK(var(layer.weight).item() == doctest::Approx(1).epsilon(0.03));
}

TEST_CASE("nn.embedding.errors") {
  CHECK_THROWS_WITH_AS(Embedding(0, 3), doctest::Contains("got 0 and 3"), Error);
  CHECK_THROWS_WITH_AS(Embedding(2, 3, {.padding_idx = 2}),
                       "[Embedding] padding_idx 2 is not a row of 2", Error);
  Embedding layer(2, 3);
  CHECK_THROWS_WITH_AS(layer(indices({0, 2}, {2})), doctest::Contains("index 2 at position 1"),
                       Error);
  CHECK_THROWS_WITH_AS(layer(Tensor::ones({2})), doctest::Contains("must be i64, got f32"), Error);
}

TEST_CASE("nn.residual") {
  Residual layer(std::make_shared<ReLU>());
  CHECK(layer(Tensor::of({-1, 2}, {2})).to_vector<float>() == std::vector<float>{-1, 4});
  Residual wrong(std::make_shared<Linear>(3, 2));
  CHECK(wrong.named_parameters()[0].name == "inner.weight");
  CHECK_THROWS_WITH_AS(wrong(Tensor::ones({1, 3})), doctest::Contains("turns (1, 3) into (1, 2)"),
                       Error);
  CHECK_THROWS_AS(Residual(nullptr), Error);
}

TEST_CASE("nn.residual.of_f32_is_narrowed_with_its_inner_module") {
  Residual layer(std::make_shared<Linear>(4, 4));
  Tensor x = Tensor::ones({2, 4});
  x.set_requires_grad();
  const test::ScopedPrecision scoped(Precision::bf16);
  const Tensor y = layer(x);
  CHECK(y.dtype() == DType::bf16);
  sum(y).backward();
  CHECK(x.grad().dtype() == DType::f32);
}

TEST_CASE("nn.module_list") {
  ModuleList list{std::make_shared<Identity>(), std::make_shared<Linear>(2, 1)};
  list.append(std::make_shared<Tanh>());
  CHECK(list.size() == 3);
  CHECK(list.named_parameters()[1].name == "1.bias");
  const Tensor x = Tensor::of({3, 4}, {2});
  CHECK(list[0](x).to_vector<float>() == x.to_vector<float>());
  int count = 0;
  for (const ModulePtr& module : list) count += module != nullptr ? 1 : 0;
  CHECK(count == 3);
  CHECK_THROWS_WITH_AS(list[3], doctest::Contains("no module 3; there are 3"), Error);
  CHECK_THROWS_WITH_AS(list(x), doctest::Contains("a list cannot be called"), Error);
}

TEST_CASE("nn.summary") {
  const auto model = mlp({.inputs = 100, .hidden = {20}, .classes = 3, .dropout = 0});
  CHECK(summary(*model) ==
        "parameter  shape      count\n"
        "1.weight   (20, 100)   2000\n"
        "1.bias     (20,)         20\n"
        "3.weight   (3, 20)       60\n"
        "3.bias     (3,)           3\n"
        "total                  2083\n");
}

}  // namespace
}  // namespace plastic::nn
