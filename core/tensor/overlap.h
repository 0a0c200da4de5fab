#pragma once

#include "plastic/core/tensor.h"

namespace plastic {

/// Whether several elements lie in one place, as those of expand() do: what writes element by
/// element would write there several times.
bool overlaps_itself(const Tensor& tensor);

/// Whether the memory from the first to the last element of one meets that of the other.
bool overlap(const Tensor& a, const Tensor& b);

}  // namespace plastic
