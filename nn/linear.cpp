#include "plastic/nn/linear.h"

#include "core/autograd/attempt.h"
#include "core/check.h"
#include "core/tensor/constant_weight.h"
#include "nn/onnx/onnx_layer.h"
#include "plastic/core/ops/activation.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/matmul.h"
#include "plastic/nn/init.h"

namespace plastic::nn {

Linear::Linear(std::int64_t in_features, std::int64_t out_features, const LinearOptions& options)
    : ExactLayer(LayerKind::linear) {
  if (in_features < 1 || out_features < 1) {
    fail("Linear", "needs at least one input and one output, got ", in_features, " and ",
         out_features);
  }
  weight = register_parameter(
      "weight", fan_in_uniform({out_features, in_features}, in_features, options.generator));
  if (options.bias) {
    bias =
        register_parameter("bias", fan_in_uniform({out_features}, in_features, options.generator));
  }
}

Tensor Linear::forward(const Tensor& x) {
  const ConstantWeight constant(weight);
  return linear(x, weight, bias);
}

Tensor Linear::forward_activated(const Tensor& x, Activation activation) {
  if (kind_of(*this) != LayerKind::linear) return Module::forward_activated(x, activation);
  if (activation != Activation::relu) return forward(x);
  const ConstantWeight constant(weight);
  return linear_relu_dropout(x, weight, bias);
}

Tensor Linear::forward_relu_dropout(const Tensor& x, Dropout& dropout) {
  const double p = dropout.active_p();
  const bool is_plain =
      kind_of(*this) == LayerKind::linear && kind_of(dropout) == LayerKind::dropout;
  if (!is_plain || p == 1) return dropout.forward(forward_activated(x, Activation::relu));
  const LastingGenerator lasting(dropout.generator());
  const ConstantWeight constant(weight);
  return linear_relu_dropout(x, weight, bias, p, dropout.generator());
}

OnnxValue Linear::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::linear, "Linear");
  if (x.example.rank() == 2) {
    std::vector<OnnxValue> inputs = {x, graph.weight(weight)};
    if (bias.defined()) inputs.push_back(graph.weight(bias));
    return graph.add("Gemm", inputs, {{"transB", 1}});
  }
  const OnnxValue transposed =
      graph.add("Transpose", {graph.weight(weight)}, {{"perm", std::vector<std::int64_t>{1, 0}}});
  return scaled_and_shifted(graph, graph.add("MatMul", {x, transposed}), {}, bias);
}

}  // namespace plastic::nn
