#include "optim/probe/distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/threads/parallel.h"
#include "optim/cpu_lanes.h"

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

std::vector<SignalPass> pass_over(std::span<const float* const> values,
                                  std::span<const Signal> signals, const Sample& sample) {
  const auto chunks = static_cast<std::size_t>(chunk_count(sample.count));
  std::vector<SignalPass> passes(signals.size());
  for (SignalPass& pass : passes) pass.sampled.resize(static_cast<std::size_t>(sample.size));
  std::vector<SignalSums> partial(chunks * signals.size());
  // Not a number, as a key that no number has.
  constexpr std::uint32_t none = 0xffffffffU;
  parallel_for(0, std::ssize(partial), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t task = first; task < last; ++task) {
      const std::size_t chunk = static_cast<std::size_t>(task) / signals.size();
      const std::size_t which = static_cast<std::size_t>(task) % signals.size();
      const float* const own = values[which];
      const std::int64_t begin = static_cast<std::int64_t>(chunk) * reduction_chunk;
      const std::int64_t end = std::min(begin + reduction_chunk, sample.count);
      const Signal& signal = signals[which];
      // What is computed from a clipped value may be next to the clip by rounding.
      const double slack = signal.is_clipped ? 1e-6 * (signal.high - signal.low) : 0;
      partial[static_cast<std::size_t>(task)] =
          sums_of_chunk(own + begin, end - begin, own[0], static_cast<float>(signal.low + slack),
                        static_cast<float>(signal.high - slack));
      std::uint32_t* const keys = passes[which].sampled.data();
      const std::int64_t to = sample.number_from(end);
      std::int64_t number = sample.number_from(begin);
      // number · count / size and the rest of the division, carried along.
      const std::int64_t stride = sample.count / sample.size, rest = sample.count % sample.size;
      std::int64_t place = stride * number + rest * number / sample.size;
      std::int64_t remainder = rest * number % sample.size;
      for (; number < to; ++number) {
        const float value = own[place];
        keys[number] = std::isnan(value) ? none : ordered_key(value);
        place += stride;
        remainder += rest;
        const bool carries = remainder >= sample.size;
        remainder -= carries ? sample.size : 0;
        place += carries ? 1 : 0;
      }
    }
  });
  for (std::size_t task = 0; task < partial.size(); ++task) {
    SignalSums& sums = passes[task % signals.size()].sums;
    sums.sum += partial[task].sum;
    sums.square += partial[task].square;
    sums.at_low += partial[task].at_low;
    sums.at_high += partial[task].at_high;
  }
  for (SignalPass& pass : passes) std::erase(pass.sampled, none);
  return passes;
}

}  // namespace plastic::optim
