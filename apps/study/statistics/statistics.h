#pragma once

#include <span>

namespace plastic::apps {

/// Arithmetic mean; NaN of nothing.
double mean(std::span<const double> values);

/// Deviation of a sample (divided by n - 1); NaN for fewer than two values.
double sample_deviation(std::span<const double> values);

}  // namespace plastic::apps
