#pragma once

#include <span>

namespace plastic::apps {

/// Arithmetic mean; NaN of nothing.
double mean(std::span<const double> values);

/// Deviation of a sample (divided by n - 1); NaN for fewer than two values.
double sample_deviation(std::span<const double> values);

/// How one optimizer did against another on the same seeds.
struct PairedDifference {
  /// Mean and deviation of value - reference.
  double mean = 0.0;
  double deviation = 0.0;
  /// In how many pairs the value is above, equal to and below the reference.
  int wins = 0;
  int ties = 0;
  int losses = 0;

  int pairs() const { return wins + ties + losses; }
};

/// Compares pair by pair. Throws Error unless both have the same length, at least 1.
PairedDifference paired_difference(std::span<const double> values,
                                   std::span<const double> references);

}  // namespace plastic::apps
