#pragma once

#include <cstddef>

#include "plastic/core/device.h"

#pragma GCC visibility push(default)

namespace plastic {

// Memory of freed tensors is cached, because a training step allocates again what it frees. Cached
// memory is returned to the system automatically when it is much more than needed: when all that is
// held exceeds the recent peak of use by half (and by 32 MiB), the memory unused longest goes
// first. "Recent" is measured in memory handed out, not in seconds, and spans several training
// steps. When memory runs out, the whole cache is returned before the allocation is tried again.

/// Memory of a device, in bytes.
struct MemoryUse {
  /// Memory of tensors and running operations.
  std::size_t in_use = 0;
  /// Freed memory that is cached.
  std::size_t cached = 0;
};

/// Throws Error when the device is not available.
MemoryUse memory_use(Device device = {});

/// Returns all cached memory to the system and the drivers of devices. Tensors are not affected.
/// Waits for CUDA devices that were used; throws Error while one is capturing a step.
void empty_cache();

/// Limits the cache of every device to `bytes`; 0 caches nothing. Returns what exceeds the limit. A
/// CUDA device applies it when tensors are freed and when it is waited for. By default recent use
/// is the only limit.
void set_cache_limit(std::size_t bytes);

/// What set_cache_limit() was called with; the largest std::size_t by default.
std::size_t cache_limit();

}  // namespace plastic

#pragma GCC visibility pop
