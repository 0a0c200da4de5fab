#pragma once

#include <memory>

#include "core/device/conv2d_shape.h"
#include "cuda/runtime/context.h"

namespace plastic::cuda {

/// Convolutions on cuDNN, tuned once a shape and precision, or on our own direct kernels where
/// cuDNN is not there or has no plan (f64, some groups and dilations).
class Convolutions {
 public:
  explicit Convolutions(Context& context);
  ~Convolutions();

  // Backend::conv2d and its gradients.
  void forward(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
               bool relu, void* y);
  void input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight, void* grad_x);
  void weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y, void* grad_weight);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace plastic::cuda
