#include <array>

#include "nn/all_or_nothing.h"
#include "nn/folded_norm.h"
#include "nn/onnx/onnx_layer.h"
#include "plastic/core/autograd.h"
#include "plastic/core/ops/activation.h"
#include "plastic/core/ops/elementwise.h"
#include "plastic/core/ops/pool.h"
#include "plastic/nn/batch_norm.h"
#include "plastic/nn/conv.h"
#include "plastic/nn/init.h"
#include "plastic/nn/linear.h"
#include "plastic/nn/models.h"

namespace plastic::nn {
namespace {

/// A convolution without bias, initialised as torchvision does.
std::shared_ptr<Conv2d> conv(std::int64_t in, std::int64_t out, std::int64_t kernel,
                             std::int64_t stride, Generator* generator) {
  const std::int64_t padding = kernel / 2;
  auto layer = std::make_shared<Conv2d>(in, out, kernel,
                                        Conv2dOptions{.stride = {stride, stride},
                                                      .padding = {padding, padding},
                                                      .bias = false,
                                                      .generator = generator});
  const NoGrad no_grad;
  layer->weight.copy_(kaiming_normal(
      layer->weight.shape(), {.fan = Fan::out, .nonlinearity = Nonlinearity::relu}, generator));
  return layer;
}

MaxPool2dOptions stem_pool() { return {.kernel = {3, 3}, .stride = {{2, 2}}, .padding = {1, 1}}; }

/// The convolution and then its normalisation, which is null once folded.
OnnxValue call_both(OnnxGraph& graph, Conv2d& convolution, const std::shared_ptr<BatchNorm2d>& norm,
                    const OnnxValue& x) {
  const OnnxValue y = graph.call(convolution, x);
  return norm ? graph.call(*norm, y) : y;
}

/// relu(bn2(conv2(relu(bn1(conv1(x))))) + x), x going through a 1×1 convolution and a normalisation
/// where the shape changes.
class BasicBlock : public Module {
 public:
  BasicBlock(std::int64_t in, std::int64_t out, std::int64_t stride, Generator* generator)
      : conv1_(conv(in, out, 3, stride, generator)),
        bn1_(std::make_shared<BatchNorm2d>(out)),
        conv2_(conv(out, out, 3, 1, generator)),
        bn2_(std::make_shared<BatchNorm2d>(out)) {
    register_child("conv1", conv1_);
    register_child("bn1", bn1_);
    register_child("conv2", conv2_);
    register_child("bn2", bn2_);
    if (stride == 1 && in == out) return;
    downsample_ = std::make_shared<Sequential>(std::initializer_list<ModulePtr>{
        conv(in, out, 1, stride, generator), std::make_shared<BatchNorm2d>(out)});
    register_child("downsample", downsample_);
  }

  Tensor forward(const Tensor& x) override {
    const Tensor skip = downsample_ ? downsample_->forward(x) : x;
    if (!bn1_) {
      const Tensor y = conv1_->forward_activated(x, Activation::relu);
      return relu(add(conv2_->forward(y), skip));
    }
    const Tensor y = folded1_.forward(*conv1_, *bn1_, x, {}, Activation::relu);
    return folded2_.forward(*conv2_, *bn2_, y, skip, Activation::relu);
  }

  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override {
    OnnxValue y = rectified(graph, call_both(graph, *conv1_, bn1_, x));
    y = call_both(graph, *conv2_, bn2_, y);
    return rectified(graph, added(graph, y, downsample_ ? graph.call(*downsample_, x) : x));
  }

  void fold_batch_norm() override {
    if (bn1_) {
      conv1_->absorb(*bn1_);
      conv2_->absorb(*bn2_);
      bn1_ = bn2_ = nullptr;
      replace_child("bn1", nullptr);
      replace_child("bn2", nullptr);
    }
    Module::fold_batch_norm();
  }

 private:
  // The normalisations are null once folded.
  std::shared_ptr<Conv2d> conv1_;
  std::shared_ptr<BatchNorm2d> bn1_;
  std::shared_ptr<Conv2d> conv2_;
  std::shared_ptr<BatchNorm2d> bn2_;
  FoldedNorm folded1_, folded2_;
  /// Null where the shape stays.
  std::shared_ptr<Sequential> downsample_;
};

class ResNet : public Module {
 public:
  ResNet(const std::array<int, 4>& blocks, const ImageModelOptions& options, ResNetStem stem)
      : stem_(stem),
        conv1_(stem == ResNetStem::cifar ? conv(options.channels, 64, 3, 1, options.generator)
                                         : conv(options.channels, 64, 7, 2, options.generator)),
        bn1_(std::make_shared<BatchNorm2d>(64)) {
    register_child("conv1", conv1_);
    register_child("bn1", bn1_);
    std::int64_t in = 64;
    for (std::size_t stage = 0; stage < blocks.size(); ++stage) {
      const std::int64_t out = std::int64_t{64} << stage;
      const auto layer = std::make_shared<Sequential>();
      for (int i = 0; i < blocks[stage]; ++i) {
        const std::int64_t stride = i == 0 && stage > 0 ? 2 : 1;
        layer->append(std::make_shared<BasicBlock>(in, out, stride, options.generator));
        in = out;
      }
      layers_[stage] = layer;
      register_child("layer" + std::to_string(stage + 1), layer);
    }
    fc_ = std::make_shared<Linear>(in, options.classes,
                                   LinearOptions{.generator = options.generator});
    register_child("fc", fc_);
  }

  Tensor forward(const Tensor& x) override {
    return all_or_nothing([&] { return run(x); });
  }

  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override {
    OnnxValue y = rectified(graph, call_both(graph, *conv1_, bn1_, x));
    if (stem_ == ResNetStem::imagenet) y = max_pooled(graph, y, stem_pool());
    for (const std::shared_ptr<Sequential>& layer : layers_) y = graph.call(*layer, y);
    return graph.call(*fc_, flattened(graph, adaptively_pooled(graph, y, {1, 1})));
  }

  void fold_batch_norm() override {
    if (bn1_) {
      conv1_->absorb(*bn1_);
      bn1_ = nullptr;
      replace_child("bn1", nullptr);
    }
    Module::fold_batch_norm();
  }

 private:
  Tensor run(const Tensor& x) {
    Tensor y = bn1_ ? folded_.forward(*conv1_, *bn1_, x, {}, Activation::relu)
                    : conv1_->forward_activated(x, Activation::relu);
    if (stem_ == ResNetStem::imagenet) {
      y = max_pool2d(y, stem_pool());
    }
    for (const std::shared_ptr<Sequential>& layer : layers_) y = layer->forward(y);
    return fc_->forward(adaptive_avg_pool2d(y, {1, 1}).flatten(1));
  }

  ResNetStem stem_;
  std::shared_ptr<Conv2d> conv1_;
  /// Null once folded.
  std::shared_ptr<BatchNorm2d> bn1_;
  FoldedNorm folded_;
  std::array<std::shared_ptr<Sequential>, 4> layers_;
  std::shared_ptr<Linear> fc_;
};

}  // namespace

ModulePtr resnet18(const ImageModelOptions& options, ResNetStem stem) {
  return std::make_shared<ResNet>(std::array{2, 2, 2, 2}, options, stem);
}

}  // namespace plastic::nn
