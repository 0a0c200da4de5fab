#include <doctest/doctest.h>

#include "plastic/core/autograd.h"
#include "plastic/core/error.h"
#include "plastic/core/ops.h"
#include "plastic/core/random.h"
#include "plastic/nn/activation.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/conv.h"
#include "plastic/nn/models.h"
#include "plastic/nn/sequential.h"

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

bool has(const Module& model, const std::string& part) {
  for (const NamedTensor& entry : model.state_dict()) {
    if (entry.name.find(part) != std::string::npos) return true;
  }
  return false;
}

TEST_CASE("nn.fold_batch_norm.resnet18") {
  for (const ResNetStem stem : {ResNetStem::cifar, ResNetStem::imagenet}) {
    Generator generator{.seed = 2};
    const ModulePtr model = resnet18({.generator = &generator}, stem);
    shake(*model, generator);
    const std::int64_t side = stem == ResNetStem::cifar ? 8 : 32;
    const Tensor x = uniform({2, 3, side, side}, -1, 1, generator);
    model->eval();
    const NoGrad no_grad;
    const Tensor before = (*model)(x);
    model->fold_batch_norm();
    CHECK(difference((*model)(x), before) <= 1e-5);
    CHECK_FALSE(has(*model, "running_mean"));
    CHECK(has(*model, "layer1.0.conv1.bias"));
    CHECK(has(*model, "layer2.0.downsample.0.bias"));
    // Once more changes nothing.
    const std::vector<float> folded = (*model)(x).to_vector<float>();
    model->fold_batch_norm();
    CHECK((*model)(x).to_vector<float>() == folded);
  }
}

TEST_CASE("nn.fold_batch_norm.sequential") {
  Generator generator{.seed = 3};
  const Conv2dOptions options{.generator = &generator};
  const auto inner = std::make_shared<Sequential>(std::initializer_list<ModulePtr>{
      std::make_shared<Conv2d>(5, 4, 3, options),
      std::make_shared<BatchNorm2d>(4, BatchNormOptions{.eps = 0.1}), std::make_shared<ReLU>()});
  Sequential model{
      std::make_shared<Conv2d>(3, 5, 3, options),
      std::make_shared<BatchNorm2d>(5, BatchNormOptions{.affine = false}),
      std::make_shared<ReLU>(),
      inner,
      // Not after a convolution: stays.
      std::make_shared<BatchNorm2d>(4),
  };
  shake(model, generator);
  const Tensor x = uniform({2, 3, 7, 7}, -1, 1, generator);
  model.eval();
  const Tensor before = model(x);
  model.train();
  model.fold_batch_norm();
  CHECK_FALSE(model.is_training());
  CHECK(difference(model(x), before) <= 1e-5);
  CHECK_FALSE(has(model, "1.running_mean"));
  CHECK(has(model, "4.running_mean"));
}

TEST_CASE("nn.fold_batch_norm.errors") {
  Sequential model{std::make_shared<Conv2d>(3, 5, 3), std::make_shared<BatchNorm2d>(4)};
  CHECK_THROWS_WITH_AS(model.fold_batch_norm(), doctest::Contains("of its 5 channels"), Error);
}

}  // namespace
}  // namespace plastic::nn
