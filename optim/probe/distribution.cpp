#include "optim/probe/distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace plastic::optim {
namespace {

/// The start of a bin as the least f32 number that is not below it.
std::uint32_t key_at_or_above(double bound) {
  auto rounded = static_cast<float>(bound);
  if (static_cast<double>(rounded) < bound) {
    rounded = std::nextafter(rounded, std::numeric_limits<float>::infinity());
  }
  return ordered_key(rounded);
}

}  // namespace

void sort_keys(std::vector<std::uint32_t>& keys) {
  constexpr std::size_t few = 256;
  if (keys.size() <= few) {
    std::ranges::sort(keys);
    return;
  }
  // By the upper 22 bits, 11 at a time from the lower ones, each time in the order found. Then only
  // neighbours that agree in them are left to sort: numbers within a part in 8192 of each other.
  constexpr int bits = 11, lowest = 10;
  constexpr std::uint32_t radix = 1U << bits;
  const auto digit = [](std::uint32_t key, int which) {
    return key >> (lowest + which * bits) & (radix - 1);
  };
  std::array<std::array<std::uint32_t, radix>, 2> places{};
  for (const std::uint32_t key : keys) {
    ++places[0][digit(key, 0)];
    ++places[1][digit(key, 1)];
  }
  for (auto& counts : places) {
    std::uint32_t start = 0;
    for (std::uint32_t& count : counts) start += std::exchange(count, start);
  }
  std::vector<std::uint32_t> between(keys.size());
  for (const std::uint32_t key : keys) between[places[0][digit(key, 0)]++] = key;
  for (const std::uint32_t key : between) keys[places[1][digit(key, 1)]++] = key;
  for (auto first = keys.begin(); first != keys.end();) {
    const std::uint32_t upper = *first >> lowest;
    auto last = first + 1;
    bool is_sorted = true;
    for (; last != keys.end() && *last >> lowest == upper; ++last) {
      is_sorted = is_sorted && *(last - 1) <= *last;
    }
    if (!is_sorted) std::sort(first, last);
    first = last;
  }
}

std::array<double, 5> quantiles_of(std::span<const std::uint32_t> sorted) {
  std::array<double, 5> out;
  out.fill(std::numeric_limits<double>::quiet_NaN());
  if (sorted.empty()) return out;
  const auto at = [&](std::size_t i) { return static_cast<double>(number_of_key(sorted[i])); };
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double position =
        SignalReading::probabilities[i] * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const double part = position - static_cast<double>(below);
    out[i] = at(below);
    if (part > 0) out[i] += part * (at(below + 1) - at(below));
  }
  return out;
}

Bins::Bins(const Signal& signal) {
  for (std::size_t i = 0; i < starts_.size(); ++i) {
    const double part = static_cast<double>(i + 1) / static_cast<double>(SignalReading::bins);
    starts_[i] = key_at_or_above(signal.is_logarithmic
                                     ? signal.low * std::pow(signal.high / signal.low, part)
                                     : signal.low + part * (signal.high - signal.low));
  }
}

std::array<std::int64_t, SignalReading::bins> Bins::count(
    std::span<const std::uint32_t> sorted) const {
  std::array<std::int64_t, SignalReading::bins> counts{};
  auto from = sorted.begin();
  for (std::size_t i = 0; i < starts_.size(); ++i) {
    const auto end = std::lower_bound(from, sorted.end(), starts_[i]);
    counts[i] = end - from;
    from = end;
  }
  counts.back() = sorted.end() - from;
  return counts;
}

}  // namespace plastic::optim
