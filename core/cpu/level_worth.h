#pragma once

#include "core/cpu/level.h"

namespace plastic::cpu {

/// Whether a program uses a level that this processor has without being told to: not where the
/// level before is faster.
bool is_worth_it(Level level);

}  // namespace plastic::cpu
