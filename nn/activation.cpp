#include "plastic/nn/activation.h"

#include <cmath>
#include <numbers>

#include "core/check.h"
#include "nn/onnx/onnx_layer.h"
#include "plastic/core/ops/activation.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/softmax.h"

namespace plastic::nn {

LeakyReLU::LeakyReLU(double slope) : ExactLayer(LayerKind::leaky_relu), slope_(slope) {
  if (!std::isfinite(slope)) fail("LeakyReLU", "slope is ", slope, "; it must be a number");
}

ReLU::ReLU() : ExactLayer(LayerKind::relu) {}
GELU::GELU() : ExactLayer(LayerKind::gelu) {}
SiLU::SiLU() : ExactLayer(LayerKind::silu) {}
Tanh::Tanh() : ExactLayer(LayerKind::tanh) {}
Sigmoid::Sigmoid() : ExactLayer(LayerKind::sigmoid) {}
Softplus::Softplus() : ExactLayer(LayerKind::softplus) {}
Softmax::Softmax(std::int64_t axis) : ExactLayer(LayerKind::softmax), axis_(axis) {}

Tensor ReLU::forward(const Tensor& x) { return relu(x); }
Tensor LeakyReLU::forward(const Tensor& x) { return leaky_relu(x, slope_); }
Tensor GELU::forward(const Tensor& x) { return gelu(x); }
Tensor SiLU::forward(const Tensor& x) { return silu(x); }
Tensor Tanh::forward(const Tensor& x) { return tanh(x); }
Tensor Sigmoid::forward(const Tensor& x) { return sigmoid(x); }
Tensor Softplus::forward(const Tensor& x) { return softplus(x); }
Tensor Softmax::forward(const Tensor& x) { return softmax(x, axis_); }

OnnxValue ReLU::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::relu, "ReLU");
  return graph.add("Relu", {x});
}

OnnxValue LeakyReLU::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::leaky_relu, "LeakyReLU");
  return graph.add("LeakyRelu", {x}, {{"alpha", slope_}});
}

// x/2 · (1 + erf(x/√2)): this opset has no Gelu.
OnnxValue GELU::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::gelu, "GELU");
  const auto number = [&](double value) {
    return graph.weight(Tensor::full({}, value, {.dtype = graph.dtype()}));
  };
  const OnnxValue error = graph.add("Erf", {graph.add("Div", {x, number(std::numbers::sqrt2)})});
  return graph.add("Mul",
                   {graph.add("Mul", {x, number(0.5)}), graph.add("Add", {error, number(1)})});
}

OnnxValue SiLU::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::silu, "SiLU");
  return graph.add("Mul", {x, graph.add("Sigmoid", {x})});
}

OnnxValue Tanh::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::tanh, "Tanh");
  return graph.add("Tanh", {x});
}

OnnxValue Sigmoid::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::sigmoid, "Sigmoid");
  return graph.add("Sigmoid", {x});
}

OnnxValue Softplus::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::softplus, "Softplus");
  return graph.add("Softplus", {x});
}

OnnxValue Softmax::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::softmax, "Softmax");
  return graph.add("Softmax", {x}, {{"axis", axis_}});
}

}  // namespace plastic::nn
