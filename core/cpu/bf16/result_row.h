#pragma once

#include <cstdint>

#include "core/cpu/gemm/finish_row.h"
#include "core/cpu/scratch.h"
#include "core/tensor/bfloat16.h"

// What becomes of a row of sums.

namespace plastic::cpu {

/// A bias in f32, which may be null.
class WideBias {
 public:
  WideBias(const bfloat16* bias, std::int64_t count) : values_(bias == nullptr ? 0 : count) {
    for (std::int64_t i = 0; bias != nullptr && i < count; ++i) values_.data()[i] = bias[i];
  }

  const float* at(std::int64_t column) const {
    return values_.data() == nullptr ? nullptr : values_.data() + column;
  }

 private:
  Scratch<float> values_;
};

inline void round_row(const float* sums, std::int64_t count, bfloat16* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = bfloat16(sums[i]);
}

}  // namespace plastic::cpu
