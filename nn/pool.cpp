#include "plastic/nn/pool.h"

#include "nn/onnx/onnx_layer.h"

namespace plastic::nn {

MaxPool2d::MaxPool2d(const MaxPool2dOptions& options)
    : ExactLayer(LayerKind::max_pool2d), options_(options) {}

AvgPool2d::AvgPool2d(const AvgPool2dOptions& options)
    : ExactLayer(LayerKind::avg_pool2d), options_(options) {}

AdaptiveAvgPool2d::AdaptiveAvgPool2d(const std::array<std::int64_t, 2>& size)
    : ExactLayer(LayerKind::adaptive_avg_pool2d), size_(size) {}

OnnxValue MaxPool2d::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::max_pool2d, "MaxPool2d");
  return max_pooled(graph, x, options_);
}

OnnxValue AvgPool2d::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::avg_pool2d, "AvgPool2d");
  return average_pooled(graph, *this, x, options_);
}

OnnxValue AdaptiveAvgPool2d::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::adaptive_avg_pool2d, "AdaptiveAvgPool2d");
  return adaptively_pooled(graph, x, size_);
}

}  // namespace plastic::nn
