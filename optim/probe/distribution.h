#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "plastic/optim/probe.h"

namespace plastic::optim {

/// f32 numbers as integers of the same order, -0 before 0; NaN is not among them.
inline std::uint32_t ordered_key(float x) {
  constexpr std::uint32_t sign = 0x80000000U;
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return (bits & sign) != 0 ? ~bits : bits | sign;
}
inline float number_of_key(std::uint32_t key) {
  constexpr std::uint32_t sign = 0x80000000U;
  return std::bit_cast<float>((key & sign) != 0 ? key & ~sign : ~key);
}

void sort_keys(std::vector<std::uint32_t>& keys);

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

/// The elements of a tensor that a sample of `size` takes: number j is element j·count/size,
/// rounded down.
struct Sample {
  std::int64_t count = 0;
  /// From 1 to count.
  std::int64_t size = 0;

  /// The first number whose element is not before `element`.
  std::int64_t number_from(std::int64_t element) const {
    if (size == count) return element;
    return (element * size + count - 1) / count;
  }
};

}  // namespace plastic::optim
