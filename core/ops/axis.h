#pragma once

#include "core/device/array.h"
#include "plastic/core/tensor.h"

namespace plastic {

/// A contiguous tensor as (outer, size, inner) around `axis`.
Array around_axis(const Tensor& tensor, std::size_t axis);

/// The shape of `x` with `axes` (all when empty) set to 1. Throws Error naming `op` for an axis out
/// of range or given twice.
Shape reduced_shape(const char* op, const Tensor& x, const Shape& axes);

/// The shape of `x` without `axes`, without any when empty.
Shape without_axes(const char* op, const Tensor& x, const Shape& axes);

/// The axes of `x` for permute(), those that are kept first; `kept` is reduced_shape().
Shape reduced_last(const Tensor& x, const Shape& axes, const Shape& kept);

/// How many elements of `x` go into one of `kept`, which is reduced_shape().
double reduced_count(const Tensor& x, const Shape& kept);

}  // namespace plastic
