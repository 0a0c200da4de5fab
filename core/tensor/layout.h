#pragma once

#include <initializer_list>

#include "plastic/core/tensor.h"

namespace plastic {

// Images have the logical shape (N, C, H, W) and lie channels-last: one position's channels beside
// each other, strides (H·W·C, 1, W·C, C). Axes of size 1 have no order: where C or H·W is 1, a
// tensor may be channels-last and contiguous at once.

/// Whether a tensor of rank 4 lies channels-last without gaps. False for other ranks.
bool is_channels_last(const Tensor& x);

/// x itself if it lies channels-last, else a copy that does; not recorded. x has rank 4.
Tensor channels_last(const Tensor& x);

/// Contents are unspecified. `shape` has rank 4.
Tensor empty_channels_last(const Shape& shape, const TensorOptions& options = {});

/// For the result of an elementwise operation: channels-last where an operand of that shape is (and
/// is not contiguous as well), else contiguous. The dtype is `dtype`, the device the first
/// operand's. Contents are unspecified.
Tensor empty_like_layout(const Shape& shape, DType dtype, std::initializer_list<Tensor> operands);

/// The same for one operand, of its shape and dtype.
Tensor empty_like_layout(const Tensor& x);

/// In the layout of `x`: channels-last where x is (and is not contiguous as well), else contiguous.
/// `shape` has x's rank. Contents are unspecified.
Tensor empty_in_layout_of(const Tensor& x, const Shape& shape, const TensorOptions& options);

}  // namespace plastic
