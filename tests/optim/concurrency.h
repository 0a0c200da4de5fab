#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "plastic/core/autograd.h"
#include "plastic/core/random.h"
#include "plastic/nn/activation.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/conv.h"
#include "plastic/nn/loss.h"
#include "plastic/nn/models.h"
#include "plastic/nn/sequential.h"
#include "plastic/optim/optimizer_table.h"
#include "tests/optim/helpers.h"

namespace plastic::test {

/// A training that shares nothing with others: a network with dropout and its generator, large
/// enough that products and steps run on all threads, and an optimizer of the table.
struct OwnTraining {
  Generator generator;
  std::shared_ptr<nn::Sequential> model;
  std::unique_ptr<optim::Optimizer> optimizer;

  OwnTraining(std::string_view name, std::uint64_t seed)
      : generator{.seed = seed},
        model(nn::mlp({.inputs = 256, .hidden = {160}, .classes = 10, .generator = &generator})),
        optimizer(
            optim::make_optimizer(optim::find_optimizer(name).defaults, model->parameters())) {}

  void steps(int count) {
    const Tensor labels = Tensor::zeros({64}, {.dtype = DType::i64});
    for (int i = 0; i < count; ++i) {
      optimizer->set_epoch(++steps_, 100);
      optimizer->zero_grad();
      const Tensor x = normal({64, 256}, 0, 1, generator);
      nn::cross_entropy_loss((*model)(x), labels).backward();
      optimizer->step();
    }
  }

  std::vector<std::vector<float>> values() const { return values_of(model->parameters()); }

 private:
  int steps_ = 0;
};

/// The weights that such a training ends with.
inline std::vector<std::vector<float>> trained(std::string_view name, std::uint64_t seed,
                                               int steps = 4) {
  OwnTraining training(name, seed);
  training.steps(steps);
  return training.values();
}

/// A network for inference, which several threads may use at once: it folds its normalisation and
/// keeps packed weights.
struct SharedInference {
  Generator generator{.seed = 5};
  nn::Sequential model{std::make_shared<nn::Conv2d>(
                           3, 16, 3, nn::Conv2dOptions{.padding = {1, 1}, .generator = &generator}),
                       std::make_shared<nn::BatchNorm2d>(16), std::make_shared<nn::ReLU>()};
  Tensor images;

  explicit SharedInference(const Shape& shape) : images(normal(shape, 0, 1, generator)) {
    model.eval();
  }

  std::vector<float> infer() {
    const NoGrad no_grad;
    return model(images).to_vector<float>();
  }
};

}  // namespace plastic::test
