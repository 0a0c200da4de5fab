#include "plastic/nn/conv.h"

#include "core/check.h"
#include "core/tensor/constant_weight.h"
#include "nn/folded_norm.h"
#include "nn/onnx/onnx_layer.h"
#include "plastic/core/ops/conv2d.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/init.h"

namespace plastic::nn {

Conv2d::Conv2d(std::int64_t in_channels, std::int64_t out_channels,
               const std::array<std::int64_t, 2>& kernel, const Conv2dOptions& options)
    : ExactLayer(LayerKind::conv2d), options_(options) {
  if (in_channels < 1 || out_channels < 1 || kernel[0] < 1 || kernel[1] < 1 || options.groups < 1) {
    fail("Conv2d", "needs channels, kernel and groups of at least 1, got ", in_channels, " and ",
         out_channels, ", (", kernel[0], ", ", kernel[1], ") and ", options.groups);
  }
  if (in_channels % options.groups != 0 || out_channels % options.groups != 0) {
    fail("Conv2d", "channels ", in_channels, " and ", out_channels, " are not multiples of groups ",
         options.groups);
  }
  const Shape shape = {out_channels, in_channels / options.groups, kernel[0], kernel[1]};
  const std::int64_t fan_in = shape.numel() / out_channels;
  weight = register_parameter("weight", fan_in_uniform(shape, fan_in, options.generator));
  if (options.bias) {
    bias = register_parameter("bias", fan_in_uniform({out_channels}, fan_in, options.generator));
  }
}

Conv2d::Conv2d(std::int64_t in_channels, std::int64_t out_channels, std::int64_t kernel,
               const Conv2dOptions& options)
    : Conv2d(in_channels, out_channels, std::array{kernel, kernel}, options) {}

void Conv2d::absorb(const BatchNorm& norm) {
  if (kind_of(*this) != LayerKind::conv2d || kind_of(norm) != LayerKind::batch_norm) {
    fail("Conv2d",
         "cannot fold in a normalisation when either is of a derived class, whose "
         "forward() may compute something else");
  }
  if (!norm.running_mean.defined() || norm.running_mean.size(0) != weight.size(0)) {
    fail("Conv2d", "cannot fold in a normalisation without running statistics of its ",
         weight.size(0), " channels");
  }
  const FoldedWeights folded = fold(weight, bias, norm);
  // New tensors: who else has the old ones, a second module or a state dict, is to keep their
  // values.
  const bool is_trained = weight.requires_grad();
  weight = replace_parameter("weight", folded.weight);
  if (bias.defined()) {
    bias = replace_parameter("bias", folded.bias);
  } else {
    bias = register_parameter("bias", folded.bias).set_requires_grad(is_trained);
  }
}

Tensor Conv2d::forward(const Tensor& x) { return convolved(x, Activation::none); }

Tensor Conv2d::forward_activated(const Tensor& x, Activation activation) {
  if (kind_of(*this) != LayerKind::conv2d) return Module::forward_activated(x, activation);
  return convolved(x, activation);
}

Tensor Conv2d::forward_max_pooled(const Tensor& x, Activation activation,
                                  const MaxPool2dOptions& pool) {
  if (kind_of(*this) != LayerKind::conv2d) {
    return max_pool2d(forward_activated(x, activation), pool);
  }
  return convolved(x, activation, pool);
}

Tensor Conv2d::convolved(const Tensor& x, Activation activation,
                         const std::optional<MaxPool2dOptions>& pool) const {
  const ConstantWeight constant(weight);
  return conv2d(x, weight, bias,
                {.stride = options_.stride,
                 .padding = options_.padding,
                 .dilation = options_.dilation,
                 .groups = options_.groups,
                 .activation = activation,
                 .max_pool = pool});
}

OnnxValue Conv2d::to_onnx(OnnxGraph& graph, const OnnxValue& x) {
  check_is_plain(graph, *this, LayerKind::conv2d, "Conv2d");
  return convolved_onnx(graph, "Conv", x, weight, bias,
                        {{"strides", list_of(options_.stride)},
                         {"pads", both_sides(options_.padding)},
                         {"dilations", list_of(options_.dilation)},
                         {"group", options_.groups}});
}

}  // namespace plastic::nn
