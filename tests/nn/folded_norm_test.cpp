#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/precision.h"
#include "plastic/core/random.h"
#include "plastic/nn/activation.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/conv.h"
#include "plastic/nn/linear.h"
#include "plastic/nn/models.h"
#include "plastic/nn/sequential.h"
#include "tests/support/scoped_precision.h"

namespace plastic::nn {
namespace {

/// Statistics and weights of normalisations that are not those they begin with.
void shake(Module& model, Generator& generator) {
  const NoGrad no_grad;
  for (NamedTensor& entry : model.state_dict()) {
    if (entry.tensor.rank() != 1) continue;
    entry.tensor.copy_(uniform(entry.tensor.shape(), 0.5, 1.5, generator));
  }
}

/// The largest difference, as a share of the largest element.
double difference(const Tensor& a, const Tensor& b) {
  return max(abs(a - b)).item() / max(abs(b)).item();
}

std::vector<float> values(const Tensor& x) { return x.detach().to_vector<float>(); }

Tensor without_recording(Module& model, const Tensor& x) {
  const NoGrad no_grad;
  return model(x);
}

struct Pair {
  explicit Pair(Generator& generator, bool bias = true)
      : conv(std::make_shared<Conv2d>(3, 8, 3,
                                      Conv2dOptions{.bias = bias, .generator = &generator})),
        norm(std::make_shared<BatchNorm2d>(8)),
        model({conv, norm, std::make_shared<ReLU>()}) {
    shake(model, generator);
    model.eval();
  }
  std::shared_ptr<Conv2d> conv;
  std::shared_ptr<BatchNorm2d> norm;
  Sequential model;
};

TEST_CASE("nn.folded_norm.gives_what_fold_batch_norm_gives") {
  Generator generator{.seed = 1};
  const ModulePtr model = resnet18({.generator = &generator});
  shake(*model, generator);
  model->eval();
  const Tensor x = uniform({2, 3, 16, 16}, -1, 1, generator);
  const Tensor recorded = (*model)(x);
  const Tensor folded = without_recording(*model, x);
  CHECK(difference(folded, recorded) <= 1e-5);
  CHECK(values(folded) != values(recorded));
  CHECK(values(without_recording(*model, x)) == values(folded));
  CHECK(model->state_dict().size() == resnet18()->state_dict().size());
  model->fold_batch_norm();
  CHECK(values(without_recording(*model, x)) == values(folded));
}

TEST_CASE("nn.folded_norm.follows_a_linear_layer") {
  Generator generator{.seed = 2};
  for (const bool bias : {true, false}) {
    Sequential model{
        std::make_shared<Linear>(30, 50, LinearOptions{.bias = bias, .generator = &generator}),
        std::make_shared<BatchNorm1d>(50, BatchNormOptions{.eps = 0.1, .affine = bias}),
        std::make_shared<ReLU>(),
        std::make_shared<Linear>(50, 20, LinearOptions{.bias = bias, .generator = &generator}),
        std::make_shared<BatchNorm1d>(20)};
    shake(model, generator);
    model.eval();
    const Tensor x = uniform({7, 30}, -1, 1, generator);
    const Tensor recorded = model(x);
    const Tensor folded = without_recording(model, x);
    CHECK(difference(folded, recorded) <= 1e-5);
    CHECK(values(folded) != values(recorded));
  }
}

TEST_CASE("nn.folded_norm.sees_each_tensor_change") {
  Generator generator{.seed = 3};
  for (const bool bias : {true, false}) {
    Pair pair(generator, bias);
    const Tensor x = uniform({2, 3, 6, 6}, -1, 1, generator);
    std::vector<float> before = values(without_recording(pair.model, x));
    const auto check_change = [&] {
      const Tensor after = without_recording(pair.model, x);
      CHECK(values(after) != before);
      CHECK(difference(after, pair.model(x)) <= 1e-5);
      before = values(after);
    };
    for (Tensor* tensor : {&pair.conv->weight, &pair.conv->bias, &pair.norm->weight,
                           &pair.norm->bias, &pair.norm->running_mean, &pair.norm->running_var}) {
      if (!tensor->defined()) continue;
      {
        const NoGrad no_grad;
        tensor->mul_(1.25);
      }
      check_change();
    }
    // A step of training moves the statistics.
    pair.model.train();
    pair.model(x);
    pair.model.eval();
    check_change();
    // Other tensors in the same places.
    Pair other(generator, bias);
    pair.model.load_state_dict(other.model.state_dict());
    check_change();
    pair.norm->running_var = Tensor::full({8}, 2);
    check_change();
  }
}

TEST_CASE("nn.folded_norm.changes_nothing_else") {
  Generator generator{.seed = 4};
  Pair pair(generator);
  const Tensor x = uniform({2, 3, 6, 6}, -1, 1, generator);
  const auto apart = [&] { return values(relu(pair.norm->forward(pair.conv->forward(x)))); };
  // Recording, and in training.
  CHECK(values(pair.model(x)) == apart());
  pair.model.train();
  const Tensor mean = pair.norm->running_mean.clone();
  const std::vector<float> trained = values(without_recording(pair.model, x));
  pair.norm->running_mean.copy_(mean);
  CHECK(trained == apart());
  // bf16 rounds weights.
  pair.model.eval();
  const test::ScopedPrecision scoped(Precision::bf16);
  const Tensor rounded = without_recording(pair.model, x);
  CHECK(rounded.dtype() == DType::bf16);
  CHECK(values(rounded.to(DType::f32)) == [&] {
    const NoGrad no_grad;
    return values(relu(pair.norm->forward(pair.conv->forward(x))).to(DType::f32));
  }());
}

TEST_CASE("nn.folded_norm.leaves_alone_what_it_cannot_fold") {
  Generator generator{.seed = 5};
  const Tensor x = uniform({2, 3, 6, 6}, -1, 1, generator);
  {
    // Factors beyond the largest f32.
    Pair pair(generator);
    pair.norm->running_var.fill_(0);
    pair.norm->weight.detach().fill_(std::numeric_limits<float>::max());
    const std::vector<float> folded = values(without_recording(pair.model, x));
    const std::vector<float> recorded = values(pair.model(x));
    for (std::size_t i = 0; i < folded.size(); ++i) {
      CHECK((folded[i] == recorded[i] || (std::isnan(folded[i]) && std::isnan(recorded[i]))));
    }
  }
  {
    Sequential model{std::make_shared<Conv2d>(3, 8, 3), std::make_shared<BatchNorm2d>(4)};
    model.eval();
    CHECK_THROWS_WITH_AS(without_recording(model, x), doctest::Contains("does not fit input"),
                         Error);
  }
  {
    // Without running statistics, evaluation uses the batch's.
    const auto conv = std::make_shared<Conv2d>(3, 8, 3);
    const auto norm =
        std::make_shared<BatchNorm2d>(8, BatchNormOptions{.track_running_stats = false});
    Sequential model{conv, norm};
    model.eval();
    const NoGrad no_grad;
    CHECK(values(model(x)) == values(norm->forward(conv->forward(x))));
  }
}

TEST_CASE("nn.folded_norm.serves_several_threads") {
  Generator generator{.seed = 6};
  Pair pair(generator);
  const Tensor x = uniform({2, 3, 6, 6}, -1, 1, generator);
  const std::vector<float> expected = values(without_recording(pair.model, x));
  pair.norm->running_mean.mul_(1);
  std::vector<std::vector<float>> results(4);
  std::vector<std::thread> threads;
  for (std::vector<float>& result : results) {
    threads.emplace_back([&] { result = values(without_recording(pair.model, x)); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<float>& result : results) CHECK(result == expected);
}

}  // namespace
}  // namespace plastic::nn
