#include "core/autograd/graph.h"
#include "core/device/backend.h"
#include "core/ops/pool2d.h"
#include "core/tensor/layout.h"
#include "plastic/core/ops/pool.h"

namespace plastic {

MaxPool2dShape max_pool_shape(DType dtype, const Shape& images, const MaxPool2dOptions& options) {
  const PoolGeometry geometry = pool_geometry("max_pool2d", images, options.kernel, options.stride,
                                              options.padding, options.ceil_mode);
  return {.dtype = dtype,
          .batch = images[0],
          .channels = images[1],
          .in_height = images[2],
          .in_width = images[3],
          .out_height = geometry.out[0],
          .out_width = geometry.out[1],
          .kernel = {geometry.kernel[0], geometry.kernel[1]},
          .stride = {geometry.stride[0], geometry.stride[1]},
          .padding = {geometry.padding[0], geometry.padding[1]}};
}

MaxPooled::MaxPooled(const MaxPool2dShape& shape, Device device)
    : y(empty_channels_last({shape.batch, shape.channels, shape.out_height, shape.out_width},
                            {.dtype = shape.dtype, .device = device})),
      offsets(Tensor::empty({y.numel()}, {.dtype = shape.offset_dtype(), .device = device})) {}

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
  check_image("max_pool2d", x);
  const MaxPool2dShape shape = max_pool_shape(x.dtype(), x.shape(), options);
  const MaxPooled pooled(shape, x.device());
  if (pooled.y.numel() > 0) {
    const Tensor dense = channels_last(x);
    backend(x.device()).max_pool2d(shape, memory(dense), memory(pooled.offsets), memory(pooled.y));
  }
  return record("max_pool2d", pooled.y, {x},
                [shape, offsets = pooled.offsets](const Tensor& g, const Inputs&) -> Gradients {
                  return {max_pool_gradient(shape, g, offsets)};
                });
}

}  // namespace plastic
