#pragma once

#include "plastic/core/precision.h"

namespace plastic::test {

/// While one lives, products are computed in another precision.
class ScopedPrecision {
 public:
  explicit ScopedPrecision(Precision precision) { set_precision(precision); }
  ~ScopedPrecision() { set_precision(before_); }
  ScopedPrecision(const ScopedPrecision&) = delete;
  ScopedPrecision& operator=(const ScopedPrecision&) = delete;

 private:
  Precision before_ = precision();
};

}  // namespace plastic::test
