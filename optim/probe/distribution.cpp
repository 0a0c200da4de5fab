#include "optim/probe/distribution.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "core/threads/parallel.h"
#include "optim/cpu_lanes.h"

namespace plastic::optim {
namespace {

constexpr std::uint32_t sign = 0x80000000U;

/// The start of a bin as the least f32 number that is not below it.
std::uint32_t key_at_or_above(double bound) {
  auto rounded = static_cast<float>(bound);
  if (static_cast<double>(rounded) < bound) {
    rounded = std::nextafter(rounded, std::numeric_limits<float>::infinity());
  }
  return ordered_key(rounded);
}

SignalSums sums_of_chunk(const float* __restrict x, std::int64_t count, float shift, float low,
                         float high) {
  constexpr int lanes = 16;
  const auto from = static_cast<double>(shift);
  double sum[lanes] = {}, square[lanes] = {};
  std::int32_t at_low[lanes] = {}, at_high[lanes] = {};
  for_lanes<lanes>(count, [=, &sum, &square, &at_low, &at_high](std::int64_t i, int lane) {
    const double d = static_cast<double>(x[i]) - from;
    sum[lane] += d;
    square[lane] += d * d;
    at_low[lane] += x[i] <= low ? 1 : 0;
    at_high[lane] += x[i] >= high ? 1 : 0;
  });
  SignalSums sums{.sum = total(sum), .square = total(square)};
  for (int lane = 0; lane < lanes; ++lane) {
    sums.at_low += at_low[lane];
    sums.at_high += at_high[lane];
  }
  return sums;
}

}  // namespace

std::uint32_t ordered_key(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

float number_of_key(std::uint32_t key) {
  return std::bit_cast<float>((key & sign) != 0 ? key & ~sign : ~key);
}

void sort_keys(std::vector<std::uint32_t>& keys, std::vector<std::uint32_t>& scratch) {
  constexpr std::size_t few = 256;
  if (keys.size() <= few) {
    std::ranges::sort(keys);
    return;
  }
  // By 11 bits at a time from the lowest, each time in the order found. An odd number of times, so
  // the result ends up in the other vector.
  constexpr int digits = 3, bits = 11;
  constexpr std::uint32_t radix = 1U << bits;
  std::array<std::array<std::uint32_t, radix>, digits> starts{};
  for (const std::uint32_t key : keys) {
    for (int digit = 0; digit < digits; ++digit) {
      ++starts[static_cast<std::size_t>(digit)][key >> (digit * bits) & (radix - 1)];
    }
  }
  for (auto& counts : starts) {
    std::uint32_t start = 0;
    for (std::uint32_t& count : counts) start += std::exchange(count, start);
  }
  scratch.resize(keys.size());
  for (int digit = 0; digit < digits; ++digit) {
    auto& places = starts[static_cast<std::size_t>(digit)];
    for (const std::uint32_t key : keys) {
      scratch[places[key >> (digit * bits) & (radix - 1)]++] = key;
    }
    keys.swap(scratch);
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

SignalSums sums_of(std::span<const float> values, float shift, float low, float high) {
  const auto count = static_cast<std::int64_t>(values.size());
  std::vector<SignalSums> partial(static_cast<std::size_t>(chunk_count(count)));
  parallel_for(0, std::ssize(partial), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t chunk = first; chunk < last; ++chunk) {
      const std::int64_t at = chunk * reduction_chunk;
      partial[static_cast<std::size_t>(chunk)] = sums_of_chunk(
          values.data() + at, std::min(reduction_chunk, count - at), shift, low, high);
    }
  });
  SignalSums sums;
  for (const SignalSums& part : partial) {
    sums.sum += part.sum;
    sums.square += part.square;
    sums.at_low += part.at_low;
    sums.at_high += part.at_high;
  }
  return sums;
}

}  // namespace plastic::optim
