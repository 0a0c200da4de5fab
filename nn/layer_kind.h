#pragma once

#include "plastic/nn/module.h"

namespace plastic::nn {

/// The library's own layers: Sequential joins some of them, fold_batch_norm() merges some, and
/// save_onnx() writes them. All other classes, also those derived from these, are `other`.
enum class LayerKind : int {
  other,
  identity,
  relu,
  dropout,
  linear,
  conv2d,
  max_pool2d,
  /// BatchNorm, BatchNorm1d and BatchNorm2d.
  batch_norm,
  sequential,
  residual,
  conv1d,
  conv_transpose2d,
  avg_pool2d,
  adaptive_avg_pool2d,
  flatten,
  embedding,
  layer_norm,
  group_norm,
  rms_norm,
  leaky_relu,
  gelu,
  silu,
  tanh,
  sigmoid,
  softplus,
  softmax,
};

/// What class a module is of: that class itself, not one derived from it.
inline LayerKind kind_of(const Module& module) { return module.kind(); }

}  // namespace plastic::nn
