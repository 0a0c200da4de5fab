#include "core/check.h"
#include "nn/model_sizes.h"
#include "nn/onnx/onnx_layer.h"
#include "plastic/core/ops/activation.h"
#include "plastic/nn/conv.h"
#include "plastic/nn/linear.h"
#include "plastic/nn/models.h"

namespace plastic::nn {
namespace {

constexpr std::int64_t first_channels = 20;
constexpr std::int64_t second_channels = 50;

/// A side of the image after both convolutions and pools.
std::int64_t last_side(std::int64_t side) { return ((side - 4) / 2 - 4) / 2; }

class LeNet : public Module {
 public:
  explicit LeNet(const ImageModelOptions& options) {
    const Conv2dOptions conv{.generator = options.generator};
    const LinearOptions linear{.generator = options.generator};
    conv1_ = std::make_shared<Conv2d>(options.channels, first_channels, 5, conv);
    conv2_ = std::make_shared<Conv2d>(first_channels, second_channels, 5, conv);
    fc1_ = std::make_shared<Linear>(lenet_features(options), 500, linear);
    fc2_ = std::make_shared<Linear>(500, options.classes, linear);
    register_child("conv1", conv1_);
    register_child("conv2", conv2_);
    register_child("fc1", fc1_);
    register_child("fc2", fc2_);
  }

  Tensor forward(const Tensor& x) override {
    Tensor y = conv1_->forward_max_pooled(x, Activation::relu, {});
    y = conv2_->forward_max_pooled(y, Activation::relu, {});
    return fc2_->forward(fc1_->forward_activated(y.flatten(1), Activation::relu));
  }

  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override {
    OnnxValue y = max_pooled(graph, rectified(graph, graph.call(*conv1_, x)), {});
    y = max_pooled(graph, rectified(graph, graph.call(*conv2_, y)), {});
    return graph.call(*fc2_, rectified(graph, graph.call(*fc1_, flattened(graph, y))));
  }

 private:
  std::shared_ptr<Conv2d> conv1_, conv2_;
  std::shared_ptr<Linear> fc1_, fc2_;
};

}  // namespace

std::int64_t lenet_features(const ImageModelOptions& options) {
  return second_channels * last_side(options.height) * last_side(options.width);
}

ModulePtr lenet(const ImageModelOptions& options) {
  if (options.height < 16 || options.width < 16) {
    fail("lenet", "needs images of at least 16 x 16, got ", options.height, " x ", options.width);
  }
  return std::make_shared<LeNet>(options);
}

}  // namespace plastic::nn
