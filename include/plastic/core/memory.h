#pragma once

#include <cstddef>

#include "plastic/core/device.h"

namespace plastic {

// Memory of freed tensors is kept, because a training step takes again what it frees. What is kept
// is given back to the system by itself when it is much more than is needed: when all that is held
// exceeds by half (and by 32 MiB) what was in use at a time of late, the memory that has lain
// unused longest goes first. "Of late" is measured in memory handed out, not in seconds, and spans
// several training steps. When memory is out, everything that is kept is given back before the
// allocation is tried again.

/// Memory of a device, in bytes.
struct MemoryUse {
  /// What tensors and running operations have.
  std::size_t in_use = 0;
  /// What was freed and is kept.
  std::size_t cached = 0;
};

/// Throws Error when the device is not there.
MemoryUse memory_use(Device device = {});

/// Gives the system, and the drivers of devices, all memory that is kept. Tensors stay as they are.
/// Waits for CUDA devices that were used; throws Error while one is recording a step.
void empty_cache();

/// From now on every device keeps no more than `bytes` of freed memory: 0 keeps none. Gives back
/// what is above that. A CUDA device looks at it when tensors are freed and when it is waited for.
/// By default there is no limit but what was in use of late.
void set_cache_limit(std::size_t bytes);

/// What set_cache_limit() was called with; the largest std::size_t by default.
std::size_t cache_limit();

}  // namespace plastic
