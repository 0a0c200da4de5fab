#pragma once

#include <cstdint>

#include "plastic/core/tensor.h"

#pragma GCC visibility push(default)

namespace plastic {

/// i64 (..., classes) of zeros with a 1 at each of `indices` (...), i64, as
/// torch.nn.functional.one_hot. `classes` of -1 means the largest index plus 1, which waits for a
/// device. Throws Error for an index outside [0, classes), for classes below 1, and for -1 where
/// there is no index.
Tensor one_hot(const Tensor& indices, std::int64_t classes = -1);

}  // namespace plastic

#pragma GCC visibility pop
