#include "apps/evaluation.h"

#include "plastic/core/autograd.h"
#include "plastic/nn/loss.h"

namespace plastic::apps {

EpochSums evaluate(nn::Module& model, data::Loader& loader, Device device) {
  const NoGrad no_grad;
  const nn::CrossEntropyLoss loss;
  model.eval();
  EpochSums sums(device);
  data::Batch batch;
  loader.start_epoch();
  while (loader.next(batch)) {
    const Tensor logits = model(batch.images);
    sums.add(loss(logits, batch.labels), logits, batch.labels);
    sums.count(batch.labels.numel());
  }
  sums.read();
  model.train();
  return sums;
}

}  // namespace plastic::apps
