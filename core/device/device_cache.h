#pragma once

#include <cstddef>

#include "plastic/core/memory.h"

// What plastic/core/memory.h needs of the devices.
namespace plastic {

/// Gives back what is kept above `keep` bytes.
void cpu_shrink_cache(std::size_t keep);
MemoryUse cpu_memory_use();

/// The cuda room's, or its stub's. Of devices that were used: the others keep nothing.
void cuda_shrink_caches(std::size_t keep);
/// Of a device that is there.
MemoryUse cuda_memory_use(int index);

}  // namespace plastic
