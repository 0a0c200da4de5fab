#include "plastic/nn/conv_transpose2d.h"

#include "core/check.h"
#include "nn/onnx/onnx_layer.h"
#include "plastic/core/ops/conv_transpose2d.h"
#include "plastic/nn/init.h"

namespace plastic::nn {

ConvTranspose2d::ConvTranspose2d(std::int64_t in_channels, std::int64_t out_channels,
                                 const std::array<std::int64_t, 2>& kernel,
                                 const ConvTranspose2dOptions& options)
    : ExactLayer(LayerKind::conv_transpose2d), options_(options) {
  if (in_channels < 1 || out_channels < 1 || kernel[0] < 1 || kernel[1] < 1 || options.groups < 1) {
    fail("ConvTranspose2d", "needs channels, kernel and groups of at least 1, got ", in_channels,
         " and ", out_channels, ", (", kernel[0], ", ", kernel[1], ") and ", options.groups);
  }
  if (in_channels % options.groups != 0 || out_channels % options.groups != 0) {
    fail("ConvTranspose2d", "channels ", in_channels, " and ", out_channels,
         " are no multiples of groups ", options.groups);
  }
  const Shape shape = {in_channels, out_channels / options.groups, kernel[0], kernel[1]};
  // PyTorch's fan_in of any weight is what one slice of its first axis holds.
  const std::int64_t fan = shape.numel() / in_channels;
  weight = register_parameter("weight", fan_in_uniform(shape, fan, options.generator));
  if (options.bias) {
    bias = register_parameter("bias", fan_in_uniform({out_channels}, fan, options.generator));
  }
}

ConvTranspose2d::ConvTranspose2d(std::int64_t in_channels, std::int64_t out_channels,
                                 std::int64_t kernel, const ConvTranspose2dOptions& options)
    : ConvTranspose2d(in_channels, out_channels, std::array{kernel, kernel}, options) {}

Tensor ConvTranspose2d::forward(const Tensor& x) {
  return conv_transpose2d(x, weight, bias,
                          {.stride = options_.stride,
                           .padding = options_.padding,
                           .output_padding = options_.output_padding,
                           .dilation = options_.dilation,
                           .groups = options_.groups});
}

OnnxValue ConvTranspose2d::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::conv_transpose2d, "ConvTranspose2d");
  return convolved_onnx(graph, "ConvTranspose", x, weight, bias,
                        {{"strides", list_of(options_.stride)},
                         {"pads", both_sides(options_.padding)},
                         {"output_padding", list_of(options_.output_padding)},
                         {"dilations", list_of(options_.dilation)},
                         {"group", options_.groups}});
}

}  // namespace plastic::nn
