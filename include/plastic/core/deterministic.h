#pragma once

#include "plastic/core/link_check.h"

#pragma GCC visibility push(default)

namespace plastic {

/// Whether a CUDA device may use only algorithms that give the same bits run after run; false
/// unless set. The CPU always does.
bool deterministic();

/// Sets deterministic() for this process. Must not be called while another thread computes.
void set_deterministic(bool deterministic);

}  // namespace plastic

#pragma GCC visibility pop
