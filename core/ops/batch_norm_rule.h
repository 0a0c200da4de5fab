#pragma once

#include <cmath>

#include "plastic/core/host_device.h"

namespace plastic::rules {

/// A channel's normalisation in T, y = (x - centre)·scale + shift. The centre is the mean, rounded,
/// where it outweighs the deviation, because x·scale and mean·scale would be nearly equal; and 0
/// elsewhere, so that the difference of values of both signs cannot overflow.
template <class T>
struct ChannelNorm {
  T centre = 0, scale = 0, shift = 0;
  /// What rounding took from the mean, or all of it.
  double rest = 0;

  /// `scale` is weight / √(variance + eps).
  PLASTIC_HOST_DEVICE ChannelNorm(double mean, double variance, double scale_of_x, double bias) {
    centre = mean * mean > variance ? static_cast<T>(mean) : T{0};
    scale = static_cast<T>(scale_of_x);
    rest = mean - static_cast<double>(centre);
    // With the rounded scale, so that x = mean gives the bias.
    shift = static_cast<T>(bias - rest * static_cast<double>(scale));
  }
};

/// Mean and variance of the population from Σ (x - shift) and Σ (x - shift)² of `rows` values.
struct ChannelMoments {
  double mean, variance;

  PLASTIC_HOST_DEVICE ChannelMoments(double rows, double shift, double sum, double squares) {
    const double offset = sum / rows;
    const double difference = squares / rows - offset * offset;
    mean = shift + offset;
    // Written so that NaN stays.
    variance = difference < 0 ? 0 : difference;
  }
};

}  // namespace plastic::rules
