#pragma once

#include <memory>

#include "core/cpu/bf16/products.h"
#include "core/device/backend.h"

namespace plastic::cpu {

/// The CPU's device: `kernels` and, for bf16, `products`, both of which must outlive it. What
/// neither does in bf16 is given to the kernels in f32, piece by piece: operands are widened, which
/// is exact, and results rounded once.
std::unique_ptr<Backend> with_bf16(Backend& kernels, Bf16Products& products);

}  // namespace plastic::cpu
