#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

#include "core/fused.h"
#include "plastic/core/host_device.h"
#include "plastic/core/random.h"

namespace plastic {

/// Four 32-bit numbers.
struct PhiloxBlock {
  std::uint32_t word[4];
};

// The authors' constants.
constexpr int philox_rounds = 10;
constexpr std::uint32_t philox_multiplier0 = 0xD2511F53U;
constexpr std::uint32_t philox_multiplier1 = 0xCD9E8D57U;

/// The key of a round.
struct PhiloxKey {
  std::uint32_t k0, k1;

  PLASTIC_HOST_DEVICE explicit PhiloxKey(std::uint64_t seed)
      : k0(static_cast<std::uint32_t>(seed)), k1(static_cast<std::uint32_t>(seed >> 32)) {}

  PLASTIC_HOST_DEVICE void advance() {
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
};

/// Philox4x32-10: block `index` of the sequence (seed, stream). Salmon, Moraes, Dror, Shaw, SC
/// 2011; the counter is (index, stream), the key is the seed.
PLASTIC_HOST_DEVICE inline PhiloxBlock philox(std::uint64_t seed, std::uint64_t stream,
                                              std::uint64_t index) {
  auto c0 = static_cast<std::uint32_t>(index);
  auto c1 = static_cast<std::uint32_t>(index >> 32);
  auto c2 = static_cast<std::uint32_t>(stream);
  auto c3 = static_cast<std::uint32_t>(stream >> 32);
  PhiloxKey key(seed);
  for (int round = 0; round < philox_rounds; ++round, key.advance()) {
    const std::uint64_t product0 = std::uint64_t{philox_multiplier0} * c0;
    const std::uint64_t product1 = std::uint64_t{philox_multiplier1} * c2;
    c0 = static_cast<std::uint32_t>(product1 >> 32) ^ c1 ^ key.k0;
    c1 = static_cast<std::uint32_t>(product1);
    c2 = static_cast<std::uint32_t>(product0 >> 32) ^ c3 ^ key.k1;
    c3 = static_cast<std::uint32_t>(product0);
  }
  return {{c0, c1, c2, c3}};
}

/// Uniform in [0, 1) from the upper 24 bits.
PLASTIC_HOST_DEVICE inline float uniform_from(std::uint32_t bits) {
  return static_cast<float>(bits >> 8) * 0x1.0p-24F;
}

/// Dropout with probability p < 1 keeps an element that drew `bits` >= p · 2³².
struct DropoutRule {
  std::uint32_t threshold;
  double scale;

  explicit DropoutRule(double p)
      : threshold(static_cast<std::uint32_t>(p * 0x1.0p32)), scale(1.0 / (1.0 - p)) {}

  PLASTIC_HOST_DEVICE bool keeps(std::uint32_t bits) const { return bits >= threshold; }
};

/// Uniform in [low, high). The fused product keeps its bits the same on every device.
template <class T>
struct UniformRule {
  double low;
  double width;
  /// Rounding may lift a draw to `high` itself, which the range leaves out.
  T last_below;

  UniformRule(double low_, double high)
      : low(low_),
        width(high - low_),
        last_below(std::nextafter(static_cast<T>(high), static_cast<T>(low_))) {}

  PLASTIC_HOST_DEVICE T operator()(std::uint32_t bits) const {
    const auto x =
        static_cast<T>(fused_product(width, static_cast<double>(uniform_from(bits)), low));
    return x < last_below ? x : last_below;
  }
};

/// Box and Muller: two uniform numbers give two normal ones.
struct NormalRule {
  double mean;
  double deviation;

  PLASTIC_HOST_DEVICE void operator()(std::uint32_t bits0, std::uint32_t bits1, double& first,
                                      double& second) const {
    // 1 - u lies in (0, 1], where the logarithm is finite.
    const double u = 1.0 - static_cast<double>(uniform_from(bits0));
    const double angle = 2 * std::numbers::pi * static_cast<double>(uniform_from(bits1));
    const double radius = deviation * std::sqrt(-2 * std::log(u));
    first = mean + radius * std::cos(angle);
    second = mean + radius * std::sin(angle);
  }
};

}  // namespace plastic
