#pragma once

#include <cstdint>

#include "plastic/core/random.h"

namespace plastic::cpu {

/// Blocks that draw_batch() draws at a time.
constexpr std::int64_t philox_batch = 16;

/// Blocks at.offset + first, ... of the sequence, in order: four words each.
void draw_batch(const Generator& at, std::uint64_t first, std::uint32_t* words);

}  // namespace plastic::cpu
