#pragma once

#include <cmath>

#include "plastic/core/host_device.h"

namespace plastic::rules {

/// What cross-entropy knows of a row of logits z with target t, as Backend::cross_entropy() keeps
/// it. Kept apart the three lose nothing: a maximum of 1e8 would swallow the logarithm of the sum,
/// and a target's term of 1 all others.
struct Normalizer {
  double maximum;
  /// Σ exp(z - maximum), of all and of all but the target.
  double sum;
  double others;
};

/// log Σ exp(z) - z[t]
PLASTIC_HOST_DEVICE inline double row_loss(const Normalizer& row, double target) {
  const double below = row.maximum - target;
  return below == 0 ? std::log1p(row.others) : below + std::log(row.sum);
}

}  // namespace plastic::rules
