#pragma once

#include "plastic/core/tensor.h"

namespace plastic::nn {

/// Mean cross-entropy of logits (N, C) against class indices (N): plastic::cross_entropy as an
/// object, as PyTorch names it.
class CrossEntropyLoss {
 public:
  Tensor operator()(const Tensor& logits, const Tensor& targets) const;
};

}  // namespace plastic::nn
