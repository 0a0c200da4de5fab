// nn::convert(): the same network in f64.
#include "plastic/nn/convert.h"

#include <doctest/doctest.h>

#include "plastic/core/autograd.h"
#include "plastic/core/ops.h"
#include "plastic/nn/models.h"
#include "tests/support/text.h"

using namespace plastic;
using namespace plastic::test;

TEST_CASE("nn.convert.computes_the_same_with_more_digits") {
  Generator generator{.seed = 2};
  const nn::ModulePtr model = nn::resnet18({.channels = 3, .generator = &generator});
  const Tensor x = normal({1, 3, 8, 8}, 0, 1, generator);
  const std::vector<Tensor> held = model->parameters();
  const auto logits = [&](const Tensor& input) {
    const NoGrad no_grad;
    model->eval();
    return (*model)(input);
  };
  const auto before = logits(x).to_vector<float>();
  nn::convert(*model, DType::f64);
  // Handles taken before follow; counts stay integers.
  for (const Tensor& parameter : held) CHECK(parameter.dtype() == DType::f64);
  for (const NamedTensor& buffer : model->named_buffers()) {
    CHECK(buffer.tensor.dtype() ==
          (buffer.name.ends_with("num_batches_tracked") ? DType::i64 : DType::f64));
  }
  const auto wide = logits(x.to(DType::f64)).to_vector<double>();
  REQUIRE(wide.size() == before.size());
  for (std::size_t i = 0; i < wide.size(); ++i) {
    CHECK(static_cast<float>(wide[i]) == doctest::Approx(before[i]).epsilon(1e-4));
  }
  sum((*model)(x.to(DType::f64))).backward();
  CHECK(held.front().grad().dtype() == DType::f64);
  nn::convert(*model, DType::f32);
  CHECK(held.front().grad().dtype() == DType::f32);
  CHECK(logits(x).to_vector<float>() == before);
}

TEST_CASE("nn.convert.errors") {
  const nn::ModulePtr model = nn::mlp();
  CHECK(contains(error_of([&] { nn::convert(*model, DType::i64); }), "f32 or f64, not in i64"));
  CHECK(model->parameters().front().dtype() == DType::f32);
}
