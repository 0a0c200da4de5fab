#pragma once

#include "plastic/nn/module.h"

namespace plastic::nn {

/// The layers that something is done for in another way than by calling forward(): Sequential joins
/// them, fold_batch_norm() merges them. All others, and every class derived from these, are
/// `other`.
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
};

/// What class a module is of: that class itself, not one derived from it.
inline LayerKind kind_of(const Module& module) { return module.kind(); }

}  // namespace plastic::nn
