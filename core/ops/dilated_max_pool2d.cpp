#include <algorithm>
#include <vector>

#include "core/check.h"
#include "core/ops/gathered.h"
#include "core/ops/pool2d.h"
#include "core/tensor/sizes.h"

namespace plastic {
namespace {

/// The rows (or columns) of all windows, one window after the other. In the place of those before
/// and behind the image stands the window's first or last inside, so that the order, by which the
/// first maximum and the last NaN are chosen, stays.
std::vector<std::int64_t> places_of(const PoolGeometry& windows, const MaxPool2dOptions& options,
                                    std::size_t axis, std::int64_t size) {
  const std::int64_t kernel = options.kernel[axis];
  const std::int64_t dilation = options.dilation[axis];
  std::vector<std::int64_t> places;
  reserve("max_pool2d", places, checked_multiply("max_pool2d", windows.out[axis], kernel));
  for (std::int64_t i = 0; i < windows.out[axis]; ++i) {
    const std::int64_t begin = i * windows.stride[axis] - windows.padding[axis];
    const std::int64_t inside =
        begin < 0 ? begin + (dilation - 1 - begin) / dilation * dilation : begin;
    if (inside >= size || inside >= begin + kernel * dilation) {
      fail("max_pool2d", "a window of kernel ", kernel, " with dilation ", dilation, " from ",
           begin, " has no element of an axis of size ", size);
    }
    const std::int64_t last = std::min(begin + (kernel - 1) * dilation,
                                       inside + (size - 1 - inside) / dilation * dilation);
    for (std::int64_t k = 0; k < kernel; ++k) {
      places.push_back(std::clamp(begin + k * dilation, inside, last));
    }
  }
  return places;
}

}  // namespace

// Windows are laid out beside each other, so that they no longer overlap or have gaps.
Tensor dilated_max_pool2d(const Tensor& x, const MaxPool2dOptions& options) {
  constexpr const char* op = "max_pool2d";
  std::array<std::int64_t, 2> reach{};
  for (std::size_t i = 0; i < 2; ++i) {
    if (options.kernel[i] < 1 || options.dilation[i] < 1) {
      fail(op, "needs kernel >= 1 and dilation >= 1, got ", options.kernel[i], " and ",
           options.dilation[i]);
    }
    reach[i] = checked_add(op, checked_multiply(op, options.dilation[i], options.kernel[i] - 1), 1);
  }
  check_image(op, x);
  const PoolGeometry windows =
      pool_geometry(op, x.shape(), reach, options.stride.value_or(options.kernel), options.padding,
                    options.ceil_mode);
  // Channels-last, as pooling wants it.
  const Tensor pixels = x.permute({0, 2, 3, 1});
  const Tensor rows = picked(op, pixels, 1, places_of(windows, options, 0, x.size(2)));
  const Tensor spread = picked(op, rows, 2, places_of(windows, options, 1, x.size(3)));
  return max_pool2d(spread.permute({0, 3, 1, 2}), {.kernel = options.kernel});
}

}  // namespace plastic
