#pragma once

#include <cmath>

#include "plastic/core/host_device.h"

namespace plastic::rules {

/// (1 - momentum)·running + momentum·value. Both products are rounded before they are added, which
/// fma(a, b, 0) keeps a compiler from changing: devices and compilers agree in every bit.
struct MoveTowards {
  double momentum;

  PLASTIC_HOST_DEVICE double operator()(double running, double value) const {
    return std::fma(1 - momentum, running, 0.0) + std::fma(momentum, value, 0.0);
  }
};

/// A variance of the population made that of a sample, rounded likewise.
PLASTIC_HOST_DEVICE inline double corrected(double variance, double bessel) {
  return std::fma(variance, bessel, 0.0);
}

}  // namespace plastic::rules
