// A batch that is refused changes nothing: neither running statistics nor generators of dropout.
#include <doctest/doctest.h>

#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/nn/activation.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/containers.h"
#include "plastic/nn/conv.h"
#include "plastic/nn/dropout.h"
#include "plastic/nn/flatten.h"
#include "plastic/nn/linear.h"
#include "plastic/nn/models.h"
#include "plastic/nn/pool.h"
#include "plastic/nn/sequential.h"

namespace plastic::nn {
namespace {

std::vector<std::vector<double>> values_of(const Module& module) {
  std::vector<std::vector<double>> values;
  for (const NamedTensor& entry : module.state_dict()) {
    values.push_back(entry.tensor.to(DType::f64).to_vector<double>());
  }
  return values;
}

TEST_CASE("nn.batch_norm.a_refused_batch_changes_nothing") {
  BatchNorm1d norm(3);
  norm.forward(Tensor::of({1, 2, 3, 4, 5, 7}, {2, 3}));
  const auto before = values_of(norm);
  for (const Tensor& batch :
       {Tensor::ones({1, 3}), Tensor::ones({2, 4}), Tensor::ones({6}), Tensor::ones({2, 3, 1}),
        Tensor::ones({1, 3, 1, 1}), Tensor::ones({2, 3}, {.dtype = DType::f64}),
        Tensor::ones({2, 3}, {.dtype = DType::i64})}) {
    CAPTURE(to_string(batch.shape()));
    CHECK_THROWS_AS(norm.forward(batch), Error);
    CHECK(values_of(norm) == before);
  }
  CHECK_THROWS_AS(norm.forward_added(Tensor::ones({2, 3}), Tensor::ones({1, 3}), Activation::none),
                  Error);
  CHECK(values_of(norm) == before);
}

TEST_CASE("nn.dropout.a_refused_batch_leaves_the_generator") {
  Generator generator{.seed = 3};
  Dropout dropout(0.5, &generator);
  CHECK_THROWS_AS(dropout.forward(Tensor::ones({4}, {.dtype = DType::i64})), Error);
  CHECK(generator == Generator{.seed = 3});
  Linear linear(3, 4);
  CHECK_THROWS_AS(linear.forward_relu_dropout(Tensor::ones({2, 5}), dropout), Error);
  CHECK(generator == Generator{.seed = 3});
}

/// Dropout and a normalisation, and then a layer of another width.
ModulePtr refusing(Generator* generator) {
  return std::make_shared<Sequential>(std::initializer_list<ModulePtr>{
      std::make_shared<BatchNorm1d>(4), std::make_shared<Dropout>(0.5, generator),
      std::make_shared<Linear>(4, 4), std::make_shared<ReLU>(),
      std::make_shared<Dropout>(0.5, generator), std::make_shared<Linear>(5, 2)});
}

TEST_CASE("nn.sequential.a_batch_refused_half_way_changes_nothing") {
  Generator generator{.seed = 3};
  const ModulePtr model = refusing(&generator);
  const auto before = values_of(*model);
  const Tensor batch = uniform({6, 4}, -1, 1, default_generator());
  CHECK_THROWS_AS(model->forward(batch), Error);
  CHECK(values_of(*model) == before);
  CHECK(generator == Generator{.seed = 3});

  manual_seed(8);
  const ModulePtr shared = refusing(nullptr);
  manual_seed(9);
  CHECK_THROWS_AS(Residual(shared).forward(batch), Error);
  CHECK(default_generator() == Generator{.seed = 9});
}

TEST_CASE("nn.sequential.one_image_for_the_last_normalisation") {
  Sequential model{std::make_shared<Conv2d>(1, 3, 3), std::make_shared<BatchNorm2d>(3),
                   std::make_shared<AdaptiveAvgPool2d>(), std::make_shared<Flatten>(),
                   std::make_shared<BatchNorm1d>(3)};
  const auto before = values_of(model);
  CHECK_THROWS_WITH_AS(model.forward(Tensor::ones({1, 1, 6, 6})),
                       doctest::Contains("more than one value"), Error);
  CHECK(values_of(model) == before);
  model.forward(Tensor::ones({2, 1, 6, 6}));
  CHECK(values_of(model) != before);
}

TEST_CASE("nn.models.resnet18_leaves_a_refused_batch_behind") {
  const ModulePtr model = resnet18();
  CHECK_THROWS_AS(model->forward(Tensor::ones({1, 3, 8, 8})), Error);
  for (const NamedTensor& buffer : model->named_buffers()) {
    if (buffer.tensor.dtype() == DType::i64) CHECK(buffer.tensor.item() == 0);
  }
}

/// A network of a user's: a normalisation, then dropout, then an Error where `refuses` says so. Its
/// forward() has a generator that is gone before the error is seen.
struct Own : Module {
  Own() {
    register_child("norm", norm);
    register_child("drop", drop);
  }
  Tensor forward(const Tensor& x) override {
    Generator own{.seed = 7};
    const Tensor y = dropout(drop->forward(norm->forward(x)), 0.5, own);
    if (refuses) throw Error("no");
    return y;
  }
  std::shared_ptr<BatchNorm1d> norm = std::make_shared<BatchNorm1d>(2);
  Generator generator{.seed = 1};
  std::shared_ptr<Dropout> drop = std::make_shared<Dropout>(0.5, &generator);
  bool refuses = true;
};

/// A module that continues without its child where that refuses.
struct Tolerant : Module {
  explicit Tolerant(ModulePtr inner) : inner_(std::move(inner)) {
    register_child("norm", norm_);
    register_child("inner", inner_);
  }
  Tensor forward(const Tensor& x) override {
    const Tensor y = norm_->forward(x);
    try {
      return (*inner_)(y);
    } catch (const Error&) {
      return y;
    }
  }

 private:
  std::shared_ptr<BatchNorm1d> norm_ = std::make_shared<BatchNorm1d>(2);
  ModulePtr inner_;
};

TEST_CASE("nn.module.a_call_is_all_or_nothing") {
  const Tensor x = Tensor::of({1, 2, 3, 5}, {2, 2});
  const auto own = std::make_shared<Own>();
  const auto before = values_of(*own);
  CHECK_THROWS_AS((*own)(x), Error);
  CHECK(values_of(*own) == before);
  CHECK(own->generator == Generator{.seed = 1});
  // Refusing and then accepting is accepting.
  Own other;
  other.refuses = own->refuses = false;
  CHECK((*own)(x).to_vector<float>() == other(x).to_vector<float>());
  CHECK(values_of(*own) == values_of(other));
  CHECK(own->generator == other.generator);

  const auto inner = std::make_shared<Own>();
  Tolerant tolerant(inner);
  tolerant(x);
  CHECK(tolerant.named_buffers()[2].tensor.item() == 1);
  CHECK(inner->norm->num_batches_tracked.item() == 0);
  CHECK(inner->generator.offset == 0);

  // A generator that a module draws from by itself stays where that left it.
  own->refuses = true;
  struct Drawing : Module {
    Tensor forward(const Tensor&) override {
      uniform({4}, 0, 1, generator);
      generator.next_u32();
      throw Error("no");
    }
    Generator generator{.seed = 1};
  } drawing;
  CHECK_THROWS_AS(drawing(x), Error);
  CHECK(drawing.generator.offset == 2);
}

}  // namespace
}  // namespace plastic::nn
