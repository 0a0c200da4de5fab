#include "apps/training/evaluation.h"

#include "apps/training/interrupt.h"
#include "plastic/core/autograd.h"
#include "plastic/nn/loss.h"

namespace plastic::apps {
namespace {

/// A model in evaluation mode while this lives.
class EvaluationMode {
 public:
  explicit EvaluationMode(nn::Module& model) : model_(model) { model_.eval(); }
  ~EvaluationMode() { model_.train(); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  nn::Module& model_;
};

}  // namespace

EpochSums evaluate(nn::Module& model, data::Loader& loader, Device device) {
  const NoGrad no_grad;
  const nn::CrossEntropyLoss loss;
  const EvaluationMode mode(model);
  EpochSums sums(device);
  data::Batch batch;
  loader.start_epoch();
  while (loader.next(batch)) {
    const Tensor logits = model(batch.images);
    sums.add(loss(logits, batch.labels), logits, batch.labels);
    sums.count(batch.labels.numel());
    if (interrupted()) throw Interrupted("interrupted during the test");
  }
  sums.read();
  return sums;
}

}  // namespace plastic::apps
