#include "plastic/nn/activation.h"

#include "plastic/core/ops/activation.h"

namespace plastic::nn {

Tensor ReLU::forward(const Tensor& x) { return relu(x); }

}  // namespace plastic::nn
