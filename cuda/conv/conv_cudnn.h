#pragma once

#include <memory>

#include "core/device/conv2d_shape.h"
#include "cuda/conv/conv_graph.h"
#include "cuda/runtime/context.h"

namespace plastic::cuda {

/// Convolutions by cuDNN, in f32 and bf16. The engine for a shape and pass is the fastest of those
/// that the heuristics offer, measured when it is first asked for, or the first of them where
/// results must not depend on timing.
class CudnnConvolutions {
 public:
  /// Requires that cudnn_reason() is empty.
  explicit CudnnConvolutions(Context& context);
  ~CudnnConvolutions();

  /// The pass between x, weight and y, of which the one that it computes is written. False when no
  /// engine can do it. Throws Error for a new shape while a step is being captured: it cannot be
  /// measured.
  bool run(ConvPass pass, const Conv2dShape& shape, void* x, void* weight, void* y);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace plastic::cuda
