#include "plastic/nn/layer_norm.h"

#include "core/ops/mixed_precision.h"
#include "nn/normalized.h"
#include "nn/onnx/onnx_layer.h"
#include "plastic/core/ops/elementwise.h"

namespace plastic::nn {

LayerNorm::LayerNorm(const Shape& shape, const LayerNormOptions& options)
    : ExactLayer(LayerKind::layer_norm),
      shape_(shape),
      axes_(last_axes("LayerNorm", shape)),
      eps_(options.eps) {
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

OnnxValue LayerNorm::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::layer_norm, "LayerNorm");
  const Tensor scale = weight.defined() ? weight : Tensor::ones(shape_, {.dtype = graph.dtype()});
  std::vector<OnnxValue> inputs = {x, graph.weight(scale)};
  if (bias.defined()) inputs.push_back(graph.weight(bias));
  return graph.add("LayerNormalization", inputs,
                   {{"axis", -static_cast<std::int64_t>(shape_.rank())}, {"epsilon", eps_}});
}

}  // namespace plastic::nn
