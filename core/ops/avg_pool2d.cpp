#include <algorithm>

#include "core/autograd/graph.h"
#include "core/check.h"
#include "core/device/backend.h"
#include "core/ops/pool2d.h"
#include "core/tensor/layout.h"
#include "core/tensor/sizes.h"
#include "plastic/core/ops/pool.h"

namespace plastic {
namespace {

PoolWindows sliding(const PoolGeometry& geometry, std::size_t axis, std::int64_t size,
                    bool count_include_pad) {
  PoolWindows windows;
  reserve("avg_pool2d", windows, geometry.out[axis]);
  for (std::int64_t i = 0; i < geometry.out[axis]; ++i) {
    const std::int64_t begin = i * geometry.stride[axis] - geometry.padding[axis];
    // What ceil_mode lets reach over the padding does not count.
    const std::int64_t end = std::min(begin + geometry.kernel[axis], size + geometry.padding[axis]);
    const std::int64_t inside_begin = std::max<std::int64_t>(begin, 0);
    const std::int64_t inside_end = std::min(end, size);
    windows.push_back({.begin = inside_begin,
                       .end = inside_end,
                       .divisor = count_include_pad ? end - begin : inside_end - inside_begin});
  }
  return windows;
}

PoolWindows adaptive(std::int64_t in, std::int64_t out) {
  constexpr const char* op = "adaptive_avg_pool2d";
  // The largest product below.
  checked_add(op, checked_multiply(op, in, out), out);
  PoolWindows windows;
  reserve(op, windows, out);
  for (std::int64_t i = 0; i < out; ++i) {
    const std::int64_t begin = i * in / out;
    const std::int64_t end = ((i + 1) * in + out - 1) / out;
    windows.push_back({.begin = begin, .end = end, .divisor = end - begin});
  }
  return windows;
}

// dx sums dy/divisor over the windows that a pixel lies in.
Tensor average(const char* op, const Tensor& x, PoolWindows rows, PoolWindows columns) {
  const AvgPool2dShape shape{.dtype = x.dtype(),
                             .batch = x.size(0),
                             .channels = x.size(1),
                             .in_height = x.size(2),
                             .in_width = x.size(3),
                             .rows = std::move(rows),
                             .columns = std::move(columns)};
  const Tensor y = empty_channels_last(
      {shape.batch, shape.channels, std::ssize(shape.rows), std::ssize(shape.columns)},
      {.dtype = x.dtype(), .device = x.device()});
  if (y.numel() > 0) {
    const Tensor dense = channels_last(x);
    backend(x.device()).avg_pool2d(shape, memory(dense), memory(y));
  }
  return record(
      op, y, {x}, [shape, before = x.shape()](const Tensor& g, const Inputs&) -> Gradients {
        const Tensor dense = channels_last(g);
        const Tensor out = empty_channels_last(before, {.dtype = g.dtype(), .device = g.device()});
        if (out.numel() > 0) {
          backend(g.device()).avg_pool2d_grad(shape, memory(dense), memory(out));
        }
        return {out};
      });
}

}  // namespace

Tensor avg_pool2d(const Tensor& x, const AvgPool2dOptions& options) {
  check_image("avg_pool2d", x);
  const PoolGeometry geometry = pool_geometry("avg_pool2d", x.shape(), options.kernel,
                                              options.stride, options.padding, options.ceil_mode);
  return average("avg_pool2d", x, sliding(geometry, 0, x.size(2), options.count_include_pad),
                 sliding(geometry, 1, x.size(3), options.count_include_pad));
}

Tensor adaptive_avg_pool2d(const Tensor& x, const std::array<std::int64_t, 2>& size) {
  check_image("adaptive_avg_pool2d", x);
  if (size[0] < 1 || size[1] < 1) {
    fail("adaptive_avg_pool2d", "the result needs a row and a column, got ", size[0], " and ",
         size[1]);
  }
  return average("adaptive_avg_pool2d", x, adaptive(x.size(2), size[0]),
                 adaptive(x.size(3), size[1]));
}

}  // namespace plastic
