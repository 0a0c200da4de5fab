#pragma once

#include "plastic/core/ops/reduce.h"
#include "plastic/nn/loss.h"

namespace plastic::nn {

inline Tensor reduced(const Tensor& losses, Reduction reduction) {
  switch (reduction) {
    case Reduction::mean:
      return mean(losses);
    case Reduction::sum:
      return sum(losses);
    case Reduction::none:
      break;
  }
  return losses;
}

}  // namespace plastic::nn
