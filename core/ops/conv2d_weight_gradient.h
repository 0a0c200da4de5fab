#pragma once

#include "core/autograd/graph.h"
#include "core/device/backend.h"
#include "core/device/conv2d_shape.h"
#include "core/tensor/layout.h"
#include "core/tensor/tensor_impl.h"

namespace plastic {

/// The gradient of a convolution's weight, the second of `inputs`: the sum of `g`, the gradient of
/// its result, times `x`, its input, over images and positions. A transposed convolution exchanges
/// the two.
inline Tensor conv2d_weight_gradient(const Conv2dShape& shape, const Tensor& x, const Tensor& g,
                                     const Shape& weight_shape, const Inputs& inputs) {
  Tensor out = inputs.gradient_for(1, weight_shape, options_of(g));
  if (x.numel() == 0 || g.numel() == 0) {
    out.fill_(0);
  } else {
    backend(g.device()).conv2d_weight_grad(shape, memory(x), memory(g), memory(out));
  }
  return out;
}

}  // namespace plastic
