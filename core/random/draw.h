#pragma once

#include <cstdint>

#include "plastic/core/random.h"

namespace plastic {

/// Blocks of the sequence that hold one number for each of `elements`.
constexpr std::uint64_t blocks_for(std::int64_t elements) {
  return (static_cast<std::uint64_t>(elements) + 3) / 4;
}

/// Takes the next `blocks` of the sequence for the caller alone: where they begin. Threads may draw
/// from one generator at a time; with default_generator() that holds beside manual_seed() too.
Generator draw(Generator& generator, std::uint64_t blocks);

}  // namespace plastic
