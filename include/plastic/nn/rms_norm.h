#pragma once

#include <optional>

#include "plastic/core/shape.h"
#include "plastic/nn/module.h"

#pragma GCC visibility push(default)

namespace plastic::nn {

/// How an RMSNorm normalises.
struct RMSNormOptions {
  /// Added to the mean square, inside the root. When left out, the distance from 1 to the next
  /// number of the dtype that is computed in: 2⁻²³ for f32, 2⁻⁵² for f64, as in PyTorch.
  std::optional<double> eps = {};
  /// Whether there is a weight.
  bool affine = true;
};

/// x / √(mean x² + eps) · weight, the mean taken over the last axes, which must have the sizes
/// `shape`. Parameter "weight" of that shape, ones at first. Zhang and Sennrich, arXiv 1910.07467;
/// torch.nn.RMSNorm.
class RMSNorm : public Module {
 public:
  /// Throws Error unless shape has at least one axis, all sizes are at least 1 and eps >= 0.
  explicit RMSNorm(const Shape& shape, const RMSNormOptions& options = {});
  /// Throws Error naming the shapes when the last axes of x differ.
  Tensor forward(const Tensor& x) override;
  OnnxValue to_onnx(OnnxGraph& graph, const OnnxValue& x) override;

  /// Undefined unless affine.
  Tensor weight;

 private:
  Shape shape_;
  Shape axes_;
  std::optional<double> eps_;
};

}  // namespace plastic::nn

#pragma GCC visibility pop
