#pragma once

#include <cstdint>

#include "core/function_ref.h"

namespace plastic {

/// A loop over [first, last).
using LoopBody = FunctionRef<void(std::int64_t first, std::int64_t last)>;

/// Calls body(first, last) for consecutive ranges that together cover [begin, end), on the threads
/// of the CPU device (num_threads(), the caller among them), and returns when all are done. No
/// range but the last is shorter than `grain`; small loops run on the caller alone. Which ranges
/// there are depends only on the arguments and num_threads(), so anything summed across elements
/// must be summed in chunks of fixed size (see chunk_count). Nested calls run on the calling
/// thread. An exception from `body` is rethrown here, the first by position.
void parallel_for(std::int64_t begin, std::int64_t end, std::int64_t grain, LoopBody body);

/// Elements in a chunk of a deterministic reduction.
constexpr std::int64_t reduction_chunk = 16384;

constexpr std::int64_t chunk_count(std::int64_t elements) {
  return (elements + reduction_chunk - 1) / reduction_chunk;
}

}  // namespace plastic
