#pragma once

#include <cmath>

#include "core/check.h"

namespace plastic::optim {

/// Each throws Error naming the option unless it is a finite number in range.
inline void check_at_least(const char* op, const char* option, double value, double least) {
  if (std::isfinite(value) && value >= least) return;
  fail(op, option, " is ", value, "; it must be a number of ", least, " or more");
}

inline void check_above(const char* op, const char* option, double value, double bound) {
  if (std::isfinite(value) && value > bound) return;
  fail(op, option, " is ", value, "; it must be a number above ", bound);
}

/// In [0, 1).
inline void check_share(const char* op, const char* option, double value) {
  if (value >= 0 && value < 1) return;
  fail(op, option, " is ", value, "; it must be 0 or more and below 1");
}

}  // namespace plastic::optim
