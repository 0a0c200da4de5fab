#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/device/pool2d_shape.h"
#include "plastic/core/ops/pool.h"
#include "plastic/core/tensor.h"

namespace plastic {

/// Windows that slide over an image. Pairs are rows, then columns.
struct PoolGeometry {
  std::array<std::int64_t, 2> kernel;
  std::array<std::int64_t, 2> stride;
  std::array<std::int64_t, 2> padding;
  std::array<std::int64_t, 2> out;
};

/// The windows over images (N, C, H, W) with pixels. Throws Error naming `op` and the shape when
/// they do not fit.
PoolGeometry pool_geometry(const char* op, const Shape& images,
                           const std::array<std::int64_t, 2>& kernel,
                           const std::optional<std::array<std::int64_t, 2>>& stride,
                           const std::array<std::int64_t, 2>& padding, bool ceil_mode);

/// What a device needs to know of max_pool2d() without dilation, of images (N, C, H, W) with
/// pixels. Throws like pool_geometry().
MaxPool2dShape max_pool_shape(DType dtype, const Shape& images, const MaxPool2dOptions& options);

/// The largest elements, channels-last, and where in their windows they were: memory for both.
struct MaxPooled {
  MaxPooled(const MaxPool2dShape& shape, Device device);

  Tensor y, offsets;
};

/// The gradient of x from that of the largest elements, channels-last.
Tensor max_pool_gradient(const MaxPool2dShape& shape, const Tensor& g, const Tensor& offsets);

/// max_pool2d() where the elements of a window do not lie beside each other.
Tensor dilated_max_pool2d(const Tensor& x, const MaxPool2dOptions& options);

/// Throws Error naming `op` unless x is (N, C, H, W) of f32 or f64 with H and W above 0.
void check_image(const char* op, const Tensor& x);

}  // namespace plastic
