#include "plastic/nn/activation.h"

#include <cmath>

#include "core/check.h"
#include "nn/layer_kind.h"
#include "plastic/core/ops/activation.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/softmax.h"

namespace plastic::nn {

LeakyReLU::LeakyReLU(double slope) : slope_(slope) {
  if (!std::isfinite(slope)) fail("LeakyReLU", "slope is ", slope, "; it must be a number");
}

ReLU::ReLU() : ExactLayer(LayerKind::relu) {}

Tensor ReLU::forward(const Tensor& x) { return relu(x); }
Tensor LeakyReLU::forward(const Tensor& x) { return leaky_relu(x, slope_); }
Tensor GELU::forward(const Tensor& x) { return gelu(x); }
Tensor SiLU::forward(const Tensor& x) { return silu(x); }
Tensor Tanh::forward(const Tensor& x) { return tanh(x); }
Tensor Sigmoid::forward(const Tensor& x) { return sigmoid(x); }
Tensor Softplus::forward(const Tensor& x) { return softplus(x); }
Tensor Softmax::forward(const Tensor& x) { return softmax(x, axis_); }

}  // namespace plastic::nn
