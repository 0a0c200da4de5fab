#include "core/autograd/graph.h"
#include "core/device/backend.h"
#include "core/ops/pool2d.h"
#include "core/tensor/layout.h"
#include "plastic/core/ops/pool.h"

namespace plastic {

// dx is dy where x was chosen.
Tensor max_pool2d(const Tensor& x, const MaxPool2dOptions& options) {
  if (options.dilation != std::array<std::int64_t, 2>{1, 1}) return dilated_max_pool2d(x, options);
  const PoolGeometry geometry = pool_geometry("max_pool2d", x, options.kernel, options.stride,
                                              options.padding, options.ceil_mode);
  const MaxPool2dShape shape{.dtype = x.dtype(),
                             .batch = x.size(0),
                             .channels = x.size(1),
                             .in_height = x.size(2),
                             .in_width = x.size(3),
                             .out_height = geometry.out[0],
                             .out_width = geometry.out[1],
                             .kernel = {geometry.kernel[0], geometry.kernel[1]},
                             .stride = {geometry.stride[0], geometry.stride[1]},
                             .padding = {geometry.padding[0], geometry.padding[1]}};
  const Shape result = {shape.batch, shape.channels, shape.out_height, shape.out_width};
  const Tensor y = empty_channels_last(result, {.dtype = x.dtype(), .device = x.device()});
  const Tensor offsets =
      Tensor::empty({y.numel()}, {.dtype = shape.offset_dtype(), .device = x.device()});
  if (y.numel() > 0) {
    const Tensor dense = channels_last(x);
    backend(x.device()).max_pool2d(shape, memory(dense), memory(offsets), memory(y));
  }
  return record(
      "max_pool2d", y, {x},
      [shape, offsets, before = x.shape()](const Tensor& g, const Inputs&) -> Gradients {
        const Tensor dense = channels_last(g);
        const Tensor out = empty_channels_last(before, {.dtype = g.dtype(), .device = g.device()});
        if (out.numel() > 0) {
          backend(g.device()).max_pool2d_grad(shape, memory(dense), memory(offsets), memory(out));
        }
        return {out};
      });
}

}  // namespace plastic
