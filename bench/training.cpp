#include "bench/training.h"

#include "plastic/nn/loss.h"
#include "plastic/optim/neuroplastic.h"
#include "plastic/optim/sgd.h"

namespace plastic::bench {
namespace {

constexpr int distinct_batches = 8;

}  // namespace

std::unique_ptr<optim::Optimizer> sgd(const Parameters& parameters) {
  return std::make_unique<optim::Sgd>(parameters, optim::SgdOptions{.lr = 1e-3, .momentum = 0.9});
}

std::unique_ptr<optim::Optimizer> neuroplastic(const Parameters& parameters) {
  return std::make_unique<optim::NeuroPlastic>(parameters, optim::NeuroPlasticOptions{.lr = 0.1});
}

ImageTraining::ImageTraining(std::string_view model, std::int64_t batch,
                             const MakeOptimizer& make_optimizer) {
  const nn::ImageModelOptions options{.generator = &generator_};
  model_ = model == "resnet18" ? nn::resnet18(options) : nn::ModulePtr(nn::small_cnn(options));
  optimizer_ = make_optimizer(model_->parameters());
  for (int i = 0; i < distinct_batches; ++i) {
    images_.push_back(normal({batch, 32, 32, 3}, 0, 1, generator_).permute({0, 3, 1, 2}));
    Tensor labels = Tensor::empty({batch}, {.dtype = DType::i64});
    for (std::int64_t j = 0; j < batch; ++j) {
      labels.mutable_data<std::int64_t>()[j] = static_cast<std::int64_t>(generator_.next_below(10));
    }
    labels_.push_back(labels);
  }
}

void ImageTraining::compute_gradients() {
  nn::CrossEntropyLoss()((*model_)(images_[next_]), labels_[next_]).backward();
  next_ = (next_ + 1) % images_.size();
}

void ImageTraining::update() {
  optimizer_->step();
  optimizer_->zero_grad();
}

}  // namespace plastic::bench
