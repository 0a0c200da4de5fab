#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// x surrounded by `value`, as torch.nn.functional.pad: `amounts` holds pairs (before, after) for
/// the last axis, the one before it, and so on. Negative amounts cut off. Throws Error naming both
/// when there are more pairs than axes, an odd number of amounts, or more is cut off than the axis
/// has. Keeps the layout of images; any dtype. Differentiable.
Tensor pad(const Tensor& x, std::span<const std::int64_t> amounts, Number value = 0);
/// The same for a list in braces.
Tensor pad(const Tensor& x, std::initializer_list<std::int64_t> amounts, Number value = 0);

/// What stands around x, named as in PyTorch.
enum class PadMode {
  /// x mirrored at its first and last elements, which are not repeated: dcb|abcd|cba.
  reflect,
  /// The first and last elements again; NumPy's "edge".
  replicate,
};

/// x with what `mode` says around it; `amounts` as above, those of any axes. Throws Error as above,
/// and where an axis is too short: `reflect` needs more elements than it adds on a side,
/// `replicate` at least one. Differentiable.
Tensor pad(const Tensor& x, std::span<const std::int64_t> amounts, PadMode mode);
/// The same for a list in braces.
Tensor pad(const Tensor& x, std::initializer_list<std::int64_t> amounts, PadMode mode);

}  // namespace plastic

#pragma GCC visibility pop
