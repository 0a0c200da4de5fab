#pragma once

#include "core/device/array.h"

namespace plastic::cpu {

/// Backend::copy() where the arrays are dense along different axes, as images in different layouts
/// are; the dtypes must be equal. False, and nothing is done, for other arrays.
bool copy_transposed(const Array& in, const Array& out);

}  // namespace plastic::cpu
