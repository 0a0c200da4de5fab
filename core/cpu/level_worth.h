#pragma once

#include <span>
#include <string_view>

#include "core/cpu/level.h"

namespace plastic::cpu {

/// Whether a program uses a level that this processor has without being told to: not where the
/// level before is faster.
bool is_worth_it(Level level);

/// The one of `levels` that a program uses where PLASTIC_ISA says `wanted`, or nothing. Throws as
/// level().
Level chosen_level(std::string_view wanted, std::span<const Level> levels);

}  // namespace plastic::cpu
