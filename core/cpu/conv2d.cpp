// Which algorithm computes a convolution.
#include "core/check.h"
#include "core/cpu/conv_depthwise.h"
#include "core/cpu/conv_direct.h"
#include "core/cpu/kernels.h"
#include "plastic/core/conv_algorithm.h"

namespace plastic::cpu {
namespace {

/// The algorithm for a shape. Throws Error when one is forced that cannot do it.
ConvAlgorithm choose(const Conv2dShape& shape) {
  const ConvAlgorithm forced = conv_algorithm();
  if (forced == ConvAlgorithm::automatic || forced == ConvAlgorithm::direct) {
    return ConvAlgorithm::direct;
  }
  fail("conv2d", "the algorithm ", name_of(forced), " was asked for and cannot do a kernel of (",
       shape.kernel_height, ", ", shape.kernel_width, ") with stride (", shape.stride[0], ", ",
       shape.stride[1], ") and ", shape.groups, " groups; set_conv_algorithm(automatic) can");
}

}  // namespace

void conv2d(const Conv2dShape& shape, const void* x, const void* weight, const void* bias,
            bool relu, void* y) {
  choose(shape);
  if (is_depthwise(shape)) return conv_depthwise(shape, x, weight, bias, relu, y);
  conv_direct(shape, x, weight, bias, relu, y);
}

void conv2d_input_grad(const Conv2dShape& shape, const void* grad_y, const void* weight,
                       void* grad_x) {
  choose(shape);
  if (is_depthwise(shape)) return conv_depthwise_input_grad(shape, grad_y, weight, grad_x);
  conv_direct_input_grad(shape, grad_y, weight, grad_x);
}

void conv2d_weight_grad(const Conv2dShape& shape, const void* x, const void* grad_y,
                        void* grad_weight) {
  choose(shape);
  if (is_depthwise(shape)) return conv_depthwise_weight_grad(shape, x, grad_y, grad_weight);
  conv_direct_weight_grad(shape, x, grad_y, grad_weight);
}

}  // namespace plastic::cpu
