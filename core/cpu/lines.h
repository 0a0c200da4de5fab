#pragma once

#include "core/device/array.h"

namespace plastic::cpu {

/// Positions along the middle axis in the order of the elements there, the first `count` of each
/// line: in (outer, size, inner); out (outer, count, inner) i64, count <= size; both contiguous.
/// NaN counts as larger than any number; equal elements stay in order.
void argsort(bool descending, const Array& in, const Array& out);

/// Each element becomes the sum of those of its line up to it, or from it on where `reverse`: in
/// and out (outer, size, inner), contiguous and of one dtype. Sums of f32 are kept in f64, those of
/// f64 with what they round away; integers wrap around.
void cumulative_sum(bool reverse, const Array& in, const Array& out);

}  // namespace plastic::cpu
