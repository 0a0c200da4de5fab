#include "plastic/nn/conv1d.h"

#include "core/check.h"
#include "nn/onnx/onnx_layer.h"
#include "plastic/core/ops/conv1d.h"
#include "plastic/nn/init.h"

namespace plastic::nn {

Conv1d::Conv1d(std::int64_t in_channels, std::int64_t out_channels, std::int64_t kernel,
               const Conv1dOptions& options)
    : ExactLayer(LayerKind::conv1d), options_(options) {
  if (in_channels < 1 || out_channels < 1 || kernel < 1 || options.groups < 1) {
    fail("Conv1d", "needs channels, kernel and groups of at least 1, got ", in_channels, " and ",
         out_channels, ", ", kernel, " and ", options.groups);
  }
  if (in_channels % options.groups != 0 || out_channels % options.groups != 0) {
    fail("Conv1d", "channels ", in_channels, " and ", out_channels, " are no multiples of groups ",
         options.groups);
  }
  const Shape shape = {out_channels, in_channels / options.groups, kernel};
  const std::int64_t fan_in = shape.numel() / out_channels;
  weight = register_parameter("weight", fan_in_uniform(shape, fan_in, options.generator));
  if (options.bias) {
    bias = register_parameter("bias", fan_in_uniform({out_channels}, fan_in, options.generator));
  }
}

Tensor Conv1d::forward(const Tensor& x) {
  return conv1d(x, weight, bias,
                {.stride = options_.stride,
                 .padding = options_.padding,
                 .dilation = options_.dilation,
                 .groups = options_.groups});
}

OnnxValue Conv1d::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::conv1d, "Conv1d");
  return convolved_onnx(graph, "Conv", x, weight, bias,
                        {{"strides", std::vector{options_.stride}},
                         {"pads", both_sides(std::array{options_.padding})},
                         {"dilations", std::vector{options_.dilation}},
                         {"group", options_.groups}});
}

}  // namespace plastic::nn
