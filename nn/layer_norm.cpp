#include "plastic/nn/layer_norm.h"

#include "core/ops/mixed_precision.h"
#include "nn/normalized.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic::nn {

LayerNorm::LayerNorm(const Shape& shape, const LayerNormOptions& options)
    : shape_(shape), axes_(last_axes("LayerNorm", shape)), eps_(options.eps) {
  check_eps("LayerNorm", eps_);
  if (!options.affine) return;
  weight = register_parameter("weight", Tensor::ones(shape));
  bias = register_parameter("bias", Tensor::zeros(shape));
}

Tensor LayerNorm::forward(const Tensor& x) {
  check_last_axes("LayerNorm", x, shape_);
  const Tensor y = normalized("LayerNorm", widened("LayerNorm", x), axes_, eps_);
  return weight.defined() ? add(mul(y, weight), bias) : y;
}

}  // namespace plastic::nn
