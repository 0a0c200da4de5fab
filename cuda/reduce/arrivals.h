#pragma once

#include "cuda/runtime/context.h"

namespace plastic::cuda {

/// Counters in device memory for blocks of a kernel that share results (is_last_to_arrive()): 0
/// between kernels, which one stream runs one after another.
struct Arrivals {
  unsigned* counters = nullptr;
  unsigned count = 0;
};

/// The device's only ones, two per multiprocessor. May be called while a step is being captured.
Arrivals arrivals(const Context& context);

}  // namespace plastic::cuda
