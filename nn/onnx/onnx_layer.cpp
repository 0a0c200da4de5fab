#include "nn/onnx/onnx_layer.h"

#include <algorithm>
#include <limits>
#include <string>

#include "plastic/core/ops/activation.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/pool.h"

namespace plastic::nn {
namespace {

/// (to, from): row i averages the elements that adaptive_avg_pool2d() gives to i.
Tensor averages(std::int64_t to, std::int64_t from, DType dtype) {
  Tensor weights = Tensor::zeros({to, from}, {.dtype = DType::f64});
  auto* const values = weights.mutable_data<double>();
  for (std::int64_t i = 0; i < to; ++i) {
    const std::int64_t begin = i * from / to;
    const std::int64_t end = ((i + 1) * from + to - 1) / to;
    for (std::int64_t j = begin; j < end; ++j) {
      values[i * from + j] = 1 / static_cast<double>(end - begin);
    }
  }
  return weights.to(dtype);
}

struct Windows {
  std::array<std::int64_t, 2> kernel, stride, padding;
  std::array<std::int64_t, 2> dilation = {1, 1};
};

/// The padding, with what the last windows reach over the edge where sizes were rounded up: sizes
/// are known, and programs differ in how they round.
std::vector<std::int64_t> pads_of(const Windows& windows, const Tensor& x, const Tensor& pooled) {
  std::vector<std::int64_t> pads = both_sides(windows.padding);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto axis = static_cast<std::int64_t>(i) + 2;
    const std::int64_t reach = windows.dilation[i] * (windows.kernel[i] - 1) + 1;
    const std::int64_t end = (pooled.size(axis) - 1) * windows.stride[i] + reach;
    pads[2 + i] = std::max(end - x.size(axis) - windows.padding[i], windows.padding[i]);
  }
  return pads;
}

}  // namespace

void check_is_plain(const OnnxGraph& graph, const Module& module, LayerKind kind,
                    const char* name) {
  if (kind_of(module) == kind) return;
  graph.refuse(module, std::string("it is of a class derived from ") + name +
                           ", whose forward() may compute something else; override to_onnx() "
                           "(plastic/nn/onnx.h)");
}

OnnxValue scaled_and_shifted(OnnxGraph& graph, const OnnxValue& y, const Tensor& weight,
                             const Tensor& bias) {
  OnnxValue result = y;
  if (weight.defined()) result = graph.add("Mul", {result, graph.weight(weight)});
  if (bias.defined()) result = graph.add("Add", {result, graph.weight(bias)});
  return result;
}

OnnxValue convolved_onnx(OnnxGraph& graph, const char* operation, const OnnxValue& x,
                         const Tensor& weight, const Tensor& bias,
                         const std::vector<OnnxAttribute>& attributes) {
  std::vector<OnnxValue> inputs = {x, graph.weight(weight)};
  if (bias.defined()) inputs.push_back(graph.weight(bias));
  return graph.add(operation, inputs, attributes);
}

OnnxValue max_pooled(OnnxGraph& graph, const OnnxValue& x, const MaxPool2dOptions& options) {
  const Tensor example = max_pool2d(x.example, options);
  const std::array<std::int64_t, 2> stride = options.stride.value_or(options.kernel);
  std::vector<std::int64_t> pads = pads_of({.kernel = options.kernel,
                                            .stride = stride,
                                            .padding = options.padding,
                                            .dilation = options.dilation},
                                           x.example, example);
  OnnxValue padded = x;
  // ONNX Runtime takes no padding as wide as the kernel, which a dilated one may have.
  if (std::max(pads[0], pads[2]) >= options.kernel[0] ||
      std::max(pads[1], pads[3]) >= options.kernel[1]) {
    const std::vector<std::int64_t> around = {0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]};
    const Tensor lowest =
        Tensor::full({}, -std::numeric_limits<double>::infinity(), {.dtype = x.example.dtype()});
    padded = graph.add("Pad",
                       {x, graph.weight(Tensor::from<std::int64_t>(around)), graph.weight(lowest)});
    pads = {0, 0, 0, 0};
  }
  return graph.add("MaxPool", {padded},
                   {{"kernel_shape", list_of(options.kernel)},
                    {"strides", list_of(stride)},
                    {"pads", pads},
                    {"dilations", list_of(options.dilation)}},
                   example);
}

OnnxValue average_pooled(OnnxGraph& graph, const Module& module, const OnnxValue& x,
                         const AvgPool2dOptions& options) {
  const Tensor example = avg_pool2d(x.example, options);
  const std::array<std::int64_t, 2> stride = options.stride.value_or(options.kernel);
  const std::vector<std::int64_t> pads = pads_of(
      {.kernel = options.kernel, .stride = stride, .padding = options.padding}, x.example, example);
  // What lies beyond the padding does not count, but in ONNX it would.
  if (options.count_include_pad && pads != both_sides(options.padding)) {
    graph.refuse(module,
                 "AvgPool2d with ceil_mode, whose last windows reach beyond the padding and count "
                 "it: ONNX has no such means; set count_include_pad = false or ceil_mode = false");
  }
  return graph.add("AveragePool", {x},
                   {{"kernel_shape", list_of(options.kernel)},
                    {"strides", list_of(stride)},
                    {"pads", pads},
                    {"count_include_pad", options.count_include_pad ? 1 : 0}},
                   example);
}

OnnxValue adaptively_pooled(OnnxGraph& graph, const OnnxValue& x,
                            const std::array<std::int64_t, 2>& size) {
  const Tensor example = adaptive_avg_pool2d(x.example, size);
  if (size == std::array<std::int64_t, 2>{1, 1}) {
    return graph.add("GlobalAveragePool", {x}, {}, example);
  }
  // ONNX has no such pooling; means of rows and columns are products with weights.
  const Tensor rows = averages(size[0], x.example.size(2), graph.dtype());
  const Tensor columns = averages(size[1], x.example.size(3), graph.dtype());
  const OnnxValue pooled = graph.add("MatMul", {graph.weight(rows), x});
  return graph.add("MatMul", {pooled, graph.weight(columns.transpose(0, 1).contiguous())}, {},
                   example);
}

OnnxValue rectified(OnnxGraph& graph, const OnnxValue& x) {
  return graph.add("Relu", {x}, {}, relu(x.example));
}

OnnxValue flattened(OnnxGraph& graph, const OnnxValue& x) {
  if (x.example.rank() <= 2) return x;
  return graph.add("Flatten", {x}, {{"axis", 1}}, x.example.flatten(1));
}

OnnxValue added(OnnxGraph& graph, const OnnxValue& x, const OnnxValue& y) {
  return graph.add("Add", {x, y}, {}, add(x.example, y.example));
}

}  // namespace plastic::nn
