#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

#include "core/device/backend.h"
#include "plastic/core/host_device.h"

namespace plastic::rules {

/// What becomes of a sum of floating point.
struct Finish {
  double divisor = 1;
  bool is_root = false;
  /// Multiplies the result, last.
  double unit = 1;

  bool is_plain() const { return divisor == 1 && !is_root && unit == 1; }
  PLASTIC_HOST_DEVICE double operator()(double sum) const {
    const double quotient = sum / divisor;
    return (is_root ? std::sqrt(quotient) : quotient) * unit;
  }
};

/// A sum over terms that are multiplied by `factor` first, a power of two. Passes after the first
/// replace the results that it could not hold.
struct ReductionPass {
  double factor = 1;
  Finish finish = {};
  bool is_first = true;
  /// Which results are replaced: those of a smaller size, those of a larger one, and NaN.
  double low = 0, high = HUGE_VAL;

  PLASTIC_HOST_DEVICE bool replaces(double result) const {
    return std::fabs(result) < low || !(std::fabs(result) <= high);
  }
};

/// Up to three passes.
class ReductionPasses {
 public:
  void add(const ReductionPass& pass) { passes_[count_++] = pass; }
  const ReductionPass* begin() const { return passes_; }
  const ReductionPass* end() const { return passes_ + count_; }

 private:
  ReductionPass passes_[3];
  std::size_t count_ = 0;
};

/// The passes of a reduction of floating point. One is enough for what is narrower than f64: its
/// squares and sums cannot leave f64's range. Sums and squares of f64 may leave it, where the
/// result does not: they are taken again in another unit.
inline ReductionPasses passes_of(Reduction op, double divisor, bool is_f64) {
  const bool is_norm = op == Reduction::norm;
  ReductionPasses passes;
  passes.add({.finish = {.divisor = divisor, .is_root = is_norm}});
  if (!is_f64) return passes;
  const auto add = [&](double unit, double unit_of_result, double low, double high) {
    passes.add({.factor = 1 / unit,
                .finish = {.divisor = divisor, .is_root = is_norm, .unit = unit_of_result},
                .is_first = false,
                .low = low,
                .high = high});
  };
  constexpr double largest = std::numeric_limits<double>::max();
  // More terms than there can be.
  constexpr double many = 0x1p64;
  if (is_norm) {
    add(0x1p-600, 0x1p-600, 1e-140, HUGE_VAL);
    add(0x1p600, 0x1p600, 0, 1e140);
  } else if (op == Reduction::sum_of_squares) {
    add(0x1p32, many, 0, largest);
  } else if (divisor != 1) {
    add(many, many, 0, largest);
  }
  return passes;
}

}  // namespace plastic::rules
