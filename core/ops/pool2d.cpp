#include "core/ops/pool2d.h"

#include "core/check.h"
#include "core/tensor/sizes.h"
#include "core/tensor/tensor_impl.h"

namespace plastic {

void check_image(const char* op, const Tensor& x) {
  check_floating(op, x);
  if (x.rank() != 4 || x.size(2) == 0 || x.size(3) == 0) {
    fail(op, "needs (N, C, H, W) with pixels, got ", to_string(x.shape()));
  }
}

PoolGeometry pool_geometry(const char* op, const Shape& images,
                           const std::array<std::int64_t, 2>& kernel,
                           const std::optional<std::array<std::int64_t, 2>>& stride,
                           const std::array<std::int64_t, 2>& padding, bool ceil_mode) {
  PoolGeometry geometry{
      .kernel = kernel, .stride = stride.value_or(kernel), .padding = padding, .out = {}};
  for (std::size_t i = 0; i < 2; ++i) {
    const std::int64_t size = geometry.kernel[i];
    const std::int64_t step = geometry.stride[i];
    const std::int64_t pad = geometry.padding[i];
    if (size < 1 || step < 1 || pad < 0 || pad > size / 2) {
      fail(op, "needs kernel >= 1, stride >= 1 and padding of at most half the kernel, got ", size,
           ", ", step, " and ", pad);
    }
    const std::int64_t in = images[i + 2];
    // The places where a window may begin; padding is at most half of it.
    const std::int64_t room = checked_add(op, in, 2 * pad - size);
    if (room < 0 && !(ceil_mode && room > -step)) {
      fail(op, "a window of ", size, " does not fit input ", to_string(images), " with padding ",
           pad);
    }
    // What the last window reaches, which ceil_mode lets begin up to a step later.
    checked_add(op, checked_add(op, in, step), size);
    std::int64_t& out = geometry.out[i];
    out = (room + (ceil_mode ? step - 1 : 0)) / step + 1;
    // A window that begins behind the input would have nothing in it.
    if (ceil_mode && (out - 1) * step >= in + pad) --out;
  }
  checked_multiply(op, kernel[0], kernel[1]);
  return geometry;
}

}  // namespace plastic
