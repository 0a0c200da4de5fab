#include "core/autograd/graph.h"
#include "core/device/backend.h"
#include "core/ops/pool2d.h"
#include "core/tensor/layout.h"
#include "plastic/core/ops/pool.h"

namespace plastic {

MaxPool2dShape max_pool_shape(const Tensor& x, const MaxPool2dOptions& options) {
  const PoolGeometry geometry = pool_geometry("max_pool2d", x, options.kernel, options.stride,
                                              options.padding, options.ceil_mode);
  return {.dtype = x.dtype(),
          .batch = x.size(0),
          .channels = x.size(1),
          .in_height = x.size(2),
          .in_width = x.size(3),
          .out_height = geometry.out[0],
          .out_width = geometry.out[1],
          .kernel = {geometry.kernel[0], geometry.kernel[1]},
          .stride = {geometry.stride[0], geometry.stride[1]},
          .padding = {geometry.padding[0], geometry.padding[1]}};
}

MaxPooled max_pooled(const MaxPool2dShape& shape, const Tensor& x) {
  const Tensor y =
      empty_channels_last({shape.batch, shape.channels, shape.out_height, shape.out_width},
                          {.dtype = x.dtype(), .device = x.device()});
  const Tensor offsets =
      Tensor::empty({y.numel()}, {.dtype = shape.offset_dtype(), .device = x.device()});
  if (y.numel() > 0) {
    backend(x.device()).max_pool2d(shape, memory(x), memory(offsets), memory(y));
  }
  return {y, offsets};
}

Tensor max_pool_gradient(const MaxPool2dShape& shape, const Tensor& g, const Tensor& offsets) {
  const Tensor dense = channels_last(g);
  const Tensor out =
      empty_channels_last({shape.batch, shape.channels, shape.in_height, shape.in_width},
                          {.dtype = g.dtype(), .device = g.device()});
  if (out.numel() > 0) {
    backend(g.device()).max_pool2d_grad(shape, memory(dense), memory(offsets), memory(out));
  }
  return out;
}

// dx is dy where x was chosen.
Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options) {
  if (options.dilation != std::array<std::int64_t, 2>{1, 1}) return dilated_max_pool2d(x, options);
  const MaxPool2dShape shape = max_pool_shape(x, options);
  const MaxPooled pooled = max_pooled(shape, channels_last(x));
  return record("max_pool2d", pooled.y, {x},
                [shape, offsets = pooled.offsets](const Tensor& g, const Inputs&) -> Gradients {
                  return {max_pool_gradient(shape, g, offsets)};
                });
}

}  // namespace plastic
