#pragma once

#include "core/autograd/attempt.h"
#include "plastic/core/tensor.h"

namespace plastic::nn {

/// forward(), which leaves modules and generators as they were when it throws.
template <class Forward>
Tensor all_or_nothing(Forward&& forward) {
  Attempt attempt;
  Tensor y = forward();
  attempt.succeed();
  return y;
}

}  // namespace plastic::nn
