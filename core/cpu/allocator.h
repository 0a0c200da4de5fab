#pragma once

#include <cstddef>
#include <cstdint>

#include "plastic/core/memory.h"

namespace plastic::cpu {

/// Memory aligned to 64 bytes from a cache of freed blocks: a training step frees what the next one
/// asks for, and giving pages back to the system only to fault them in again is what slows naive
/// engines. Sizes are rounded up to buckets of at most 25% waste. What is kept is bounded by what
/// was in use of late (plastic/core/memory.h). Returns null for 0 bytes; throws Error when the
/// system has no more, even after all that is kept was given back. Thread-safe.
void* allocate(std::size_t bytes);
void deallocate(void* data, std::size_t bytes) noexcept;

/// How many blocks the system was asked for so far, or for another size of: a training step that
/// has warmed up asks for none.
std::int64_t blocks_from_system();

MemoryUse memory_use();
/// Gives what is kept above `keep` bytes back to the system.
void shrink_cache(std::size_t keep);

}  // namespace plastic::cpu
