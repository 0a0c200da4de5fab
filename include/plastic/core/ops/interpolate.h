#pragma once

#include <array>
#include <cstdint>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// Which pixels of the image (H, W) make pixel i of the result (h, w).
enum class InterpolateMode {
  /// The pixel at ⌊i·H/h⌋, computed in f32 as in PyTorch.
  nearest,
  /// Between the four pixels around ((i + ½)·H/h - ½): PyTorch's with align_corners = false, and
  /// without antialiasing, so that the result of shrinking much skips pixels.
  bilinear,
};

/// Images (N, C, H, W) with the sizes (h, w) instead, as torch.nn.functional.interpolate; f32 or
/// f64, N may be 0. Keeps the layout. Throws Error for an image without pixels and sizes below 1.
/// Differentiable.
Tensor interpolate(const Tensor& x, const std::array<std::int64_t, 2>& size,
                   InterpolateMode mode = InterpolateMode::nearest);

}  // namespace plastic

#pragma GCC visibility pop
