#pragma once

#include <cstddef>
#include <functional>

#include "cuda/runtime/context.h"

namespace plastic::cuda {

/// The position of the fastest of `count` ways to do the same, measured on the device; `count` when
/// none can do it. run(i) puts the work into the context's stream, or returns false where it
/// cannot. Earlier ones win unless a later one is clearly faster. Must not be called while a step
/// is being captured.
std::size_t fastest(Context& context, std::size_t count,
                    const std::function<bool(std::size_t)>& run);

}  // namespace plastic::cuda
