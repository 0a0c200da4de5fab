#pragma once

#include <cstdint>

#include "core/cpu/gemm/finish_row.h"
#include "core/tensor/bfloat16.h"

// What becomes of a row of sums.

namespace plastic::cpu {

inline void round_row(const float* sums, std::int64_t count, bfloat16* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = bfloat16(sums[i]);
}

}  // namespace plastic::cpu
