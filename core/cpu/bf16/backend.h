#pragma once

#include <memory>

#include "core/device/backend.h"

namespace plastic::cpu {

/// The CPU's device: `kernels`, which must outlive it, and bf16, for which it calls them with f32:
/// operands are widened, which is exact, and results rounded once. It saves memory and not time.
std::unique_ptr<Backend> with_bf16(Backend& kernels);

}  // namespace plastic::cpu
