#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "plastic/optim/probe.h"

namespace plastic::optim {

/// f32 numbers as integers of the same order, -0 before 0; NaN is not among them.
std::uint32_t ordered_key(float x);
float number_of_key(std::uint32_t key);

/// Sorts the keys; `scratch` is for its own use, so that it may be kept.
void sort_keys(std::vector<std::uint32_t>& keys, std::vector<std::uint32_t>& scratch);

/// SignalReading::quantiles of sorted keys; NaN of none.
std::array<double, 5> quantiles_of(std::span<const std::uint32_t> sorted);

/// Where the bins of a signal's histogram end.
class Bins {
 public:
  explicit Bins(const Signal& signal);

  /// SignalReading::histogram of sorted keys.
  std::array<std::int64_t, SignalReading::bins> count(std::span<const std::uint32_t> sorted) const;

 private:
  /// The keys of the least f32 numbers of all bins but the first.
  std::array<std::uint32_t, SignalReading::bins - 1> starts_{};
};

/// What is summed over all elements of a signal.
struct SignalSums {
  /// Σ(x - shift) and Σ(x - shift)²: around a value that occurs, the deviation of numbers that are
  /// close together keeps its digits.
  double sum = 0, square = 0;
  std::int64_t at_low = 0, at_high = 0;
};

/// The same bits for any number of threads.
SignalSums sums_of(std::span<const float> values, float shift, float low, float high);

}  // namespace plastic::optim
