// A whole training step of 784-512-512-10 on data in memory.

#include <memory>

#include "bench/harness.h"
#include "plastic/core/random.h"
#include "plastic/core/tensor.h"
#include "plastic/nn/loss.h"
#include "plastic/nn/models.h"
#include "plastic/optim/adam.h"
#include "plastic/optim/neuroplastic.h"
#include "plastic/optim/sgd.h"

namespace plastic::bench {
namespace {

using Parameters = std::vector<Tensor>;
using MakeOptimizer = std::function<std::unique_ptr<optim::Optimizer>(const Parameters&)>;

constexpr std::int64_t samples = 8192;

/// A model in training with the data that it cycles through.
class Training {
 public:
  Training(std::int64_t batch, const MakeOptimizer& make_optimizer) {
    model_ = nn::mlp({.hidden = {512, 512}, .dropout = 0.1, .generator = &generator_});
    optimizer_ = make_optimizer(model_->parameters());
    const Tensor images = normal({samples, 784}, 0, 1, generator_);
    Tensor labels = Tensor::empty({samples}, {.dtype = DType::i64});
    for (std::int64_t i = 0; i < samples; ++i) {
      labels.mutable_data<std::int64_t>()[i] = static_cast<std::int64_t>(generator_.next_below(10));
    }
    for (std::int64_t first = 0; first < samples; first += batch) {
      images_.push_back(images.slice(0, first, first + batch));
      labels_.push_back(labels.slice(0, first, first + batch));
    }
  }

  std::int64_t parameter_count() const { return model_->parameter_count(); }

  void step() {
    nn::CrossEntropyLoss()((*model_)(images_[next_]), labels_[next_]).backward();
    optimizer_->step();
    optimizer_->zero_grad();
    next_ = (next_ + 1) % images_.size();
  }

 private:
  Generator generator_{.seed = 1};
  std::shared_ptr<nn::Sequential> model_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::vector<Tensor> images_;
  std::vector<Tensor> labels_;
  std::size_t next_ = 0;
};

}  // namespace

void add_entries(const Options& options) {
  constexpr std::int64_t parameters = 784 * 512 + 512 + 512 * 512 + 512 + 512 * 10 + 10;
  const auto add = [&](const std::string& rule, const MakeOptimizer& make) {
    for (const std::int64_t batch : options.batches) {
      add_step(rule + "/batch" + std::to_string(batch), options, parameters, [batch, make] {
        const auto training = std::make_shared<Training>(batch, make);
        return [training] { training->step(); };
      });
    }
  };
  add("sgd", [](const Parameters& p) {
    return std::make_unique<optim::Sgd>(p, optim::SgdOptions{.lr = 1e-3, .momentum = 0.9});
  });
  add("adam", [](const Parameters& p) { return std::make_unique<optim::Adam>(p); });
  add("neuroplastic", [](const Parameters& p) {
    return std::make_unique<optim::NeuroPlastic>(p, optim::NeuroPlasticOptions{.lr = 0.1});
  });
}

}  // namespace plastic::bench
