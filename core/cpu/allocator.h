#pragma once

#include <cstddef>
#include <cstdint>

#include "plastic/core/memory.h"

namespace plastic::cpu {

/// Memory aligned to 64 bytes from a cache of freed blocks: a training step frees what the next one
/// asks for, and giving pages back to the system only to fault them in again is what slows naive
/// engines. Sizes are rounded up to buckets of at most 25% waste. The cache is bounded by recent
/// use (plastic/core/memory.h). Returns null for 0 bytes; throws Error when the system has no more,
/// even after the whole cache was returned. Thread-safe.
void* allocate(std::size_t bytes);
void deallocate(void* data, std::size_t bytes) noexcept;

/// How many times the system was asked for a block, or to resize one: a training step that has
/// warmed up does not ask.
std::int64_t blocks_from_system();

MemoryUse memory_use();
/// Gives what is kept above `keep` bytes back to the system.
void shrink_cache(std::size_t keep);

}  // namespace plastic::cpu
