#pragma once

#include "plastic/core/shape.h"
#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// How a LayerNorm normalises.
struct LayerNormOptions {
  /// Added to the variance, inside the square root.
  double eps = 1e-5;
  /// Whether the layer has a weight and a bias.
  bool affine = true;
};

/// (x - mean) / √(var + eps) · weight + bias, with mean and population variance over the last axes,
/// whose sizes must be `shape`. Parameters "weight", initially ones, and "bias", initially zeros,
/// both of that shape. Ba, Kiros, Hinton, arXiv 1607.06450; PyTorch's semantics.
class LayerNorm : public Module {
 public:
  /// Throws Error unless shape has at least one axis, all sizes are at least 1 and eps >= 0.
  explicit LayerNorm(const Shape& shape, const LayerNormOptions& options = {});
  /// Throws Error naming the shapes when the last axes of x differ.
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;

  /// Of the shape that is normalised; undefined unless affine.
  Tensor weight;
  /// Of the same shape; undefined unless affine.
  Tensor bias;

 private:
  Shape shape_;
  Shape axes_;
  double eps_;
};

}  // namespace plastic::nn

#pragma GCC visibility pop
