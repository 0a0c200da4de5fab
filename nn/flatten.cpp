#include "plastic/nn/flatten.h"

#include "nn/onnx/onnx_layer.h"

namespace plastic::nn {

Flatten::Flatten() : ExactLayer(LayerKind::flatten) {}

Tensor Flatten::forward(const Tensor& x) { return x.rank() < 2 ? x : x.flatten(1); }

OnnxValue Flatten::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::flatten, "Flatten");
  return flattened(graph, x);
}

}  // namespace plastic::nn
