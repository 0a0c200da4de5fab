#include "plastic/nn/loss.h"

#include "plastic/core/ops/cross_entropy.h"

namespace plastic::nn {

Tensor CrossEntropyLoss::operator()(const Tensor& logits, const Tensor& targets) const {
  return cross_entropy(logits, targets);
}

}  // namespace plastic::nn
