// One forward pass of a model that is not trained, on data in memory: eval(), NoGrad, batch norm
// folded.

#include <memory>
#include <string>

#include "bench/harness.h"
#include "plastic/core/autograd.h"
#include "plastic/core/random.h"
#include "plastic/nn/models.h"

namespace plastic::bench {
namespace {

constexpr int distinct_batches = 8;

/// A model that answers one batch after the other.
class Inference {
 public:
  Inference(const std::string& model, std::int64_t batch) {
    if (model == "mlp") {
      model_ = nn::mlp({.hidden = {512, 512}, .generator = &generator_});
    } else if (model == "small_cnn") {
      model_ = nn::small_cnn({.generator = &generator_});
    } else {
      model_ = nn::resnet18({.generator = &generator_});
    }
    parameters_ = model_->parameter_count();
    model_->fold_batch_norm();
    for (int i = 0; i < distinct_batches; ++i) {
      inputs_.push_back(model == "mlp"
                            ? normal({batch, 784}, 0, 1, generator_)
                            : normal({batch, 32, 32, 3}, 0, 1, generator_).permute({0, 3, 1, 2}));
    }
  }

  void run() {
    const NoGrad no_grad;
    benchmark::DoNotOptimize((*model_)(inputs_[next_]));
    next_ = (next_ + 1) % inputs_.size();
  }
  std::int64_t parameter_count() const { return parameters_; }

 private:
  Generator generator_{.seed = 1};
  nn::ModulePtr model_;
  std::int64_t parameters_ = 0;
  std::vector<Tensor> inputs_;
  std::size_t next_ = 0;
};

}  // namespace

void add_entries(const Options& options) {
  const std::pair<const char*, std::int64_t> models[] = {
      {"mlp", 669706}, {"small_cnn", 2193226}, {"resnet18", 11173962}};
  for (const std::int64_t batch : options.batches) {
    for (const auto& [model, parameters] : models) {
      add_step("inference/" + std::string(model) + "/batch" + std::to_string(batch), options,
               parameters, [model = std::string(model), batch] {
                 const auto inference = std::make_shared<Inference>(model, batch);
                 return [inference] { inference->run(); };
               });
    }
  }
}

}  // namespace plastic::bench
