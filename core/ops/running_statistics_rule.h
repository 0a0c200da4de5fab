#pragma once

#include "core/fused.h"
#include "plastic/core/host_device.h"

namespace plastic::rules {

/// (1 - momentum)·running + momentum·value. Both products are rounded before they are added, which
/// a·b + 0 in one keeps a compiler from changing: devices and compilers agree in every bit.
struct MoveTowards {
  double momentum;

  PLASTIC_HOST_DEVICE double operator()(double running, double value) const {
    return fused_product(1 - momentum, running, 0.0) + fused_product(momentum, value, 0.0);
  }
};

/// A variance of the population made that of a sample, rounded likewise.
PLASTIC_HOST_DEVICE inline double corrected(double variance, double bessel) {
  return fused_product(variance, bessel, 0.0);
}

}  // namespace plastic::rules
