#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "plastic/core/random.h"
#include "plastic/core/tensor.h"
#include "plastic/nn/models.h"
#include "plastic/optim/optimizer.h"

namespace plastic::bench {

using Parameters = std::vector<Tensor>;
using MakeOptimizer = std::function<std::unique_ptr<optim::Optimizer>(const Parameters&)>;

/// SGD with a momentum of 0.9, and NeuroPlastic; both with fixed rates.
std::unique_ptr<optim::Optimizer> sgd(const Parameters& parameters);
std::unique_ptr<optim::Optimizer> neuroplastic(const Parameters& parameters);

/// A convolutional model in training on random 32x32 colour images of 10 classes, which lie in
/// memory as the loader gives them, channels-last.
class ImageTraining {
 public:
  /// `model` is "small_cnn" or "resnet18".
  ImageTraining(std::string_view model, std::int64_t batch, const MakeOptimizer& make_optimizer);

  /// Forward, loss and backward of the next batch.
  void compute_gradients();
  /// The optimizer's step, and gradients cleared.
  void update();
  void step() {
    compute_gradients();
    update();
  }

 private:
  Generator generator_{.seed = 1};
  nn::ModulePtr model_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::vector<Tensor> images_;
  std::vector<Tensor> labels_;
  std::size_t next_ = 0;
};

}  // namespace plastic::bench
