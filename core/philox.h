#pragma once

#include <cstdint>

#include "core/host_device.h"
#include "plastic/core/random.h"

namespace plastic {

/// Four 32-bit numbers.
struct PhiloxBlock {
  std::uint32_t word[4];
};

/// Philox4x32-10: block `index` of the sequence (seed, stream). Salmon, Moraes, Dror, Shaw, SC
/// 2011, with the authors' constants; the counter is (index, stream), the key is the seed.
PLASTIC_HOST_DEVICE inline PhiloxBlock philox(std::uint64_t seed, std::uint64_t stream,
                                              std::uint64_t index) {
  auto c0 = static_cast<std::uint32_t>(index);
  auto c1 = static_cast<std::uint32_t>(index >> 32);
  auto c2 = static_cast<std::uint32_t>(stream);
  auto c3 = static_cast<std::uint32_t>(stream >> 32);
  auto k0 = static_cast<std::uint32_t>(seed);
  auto k1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53} * c0;
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57} * c2;
    const std::uint32_t n0 = static_cast<std::uint32_t>(product1 >> 32) ^ c1 ^ k0;
    const std::uint32_t n2 = static_cast<std::uint32_t>(product0 >> 32) ^ c3 ^ k1;
    c0 = n0;
    c1 = static_cast<std::uint32_t>(product1);
    c2 = n2;
    c3 = static_cast<std::uint32_t>(product0);
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  return {{c0, c1, c2, c3}};
}

/// Uniform in [0, 1) from the upper 24 bits.
PLASTIC_HOST_DEVICE inline float uniform_from(std::uint32_t bits) {
  return static_cast<float>(bits >> 8) * 0x1.0p-24F;
}

/// Whether dropout with probability p keeps an element that drew `bits`: bits >= p · 2³².
struct DropoutRule {
  /// p · 2³², so that 1 drops even the largest draw.
  std::uint64_t threshold;
  double scale;

  explicit DropoutRule(double p)
      : threshold(static_cast<std::uint64_t>(p * 0x1.0p32)),
        scale(p < 1.0 ? 1.0 / (1.0 - p) : 0.0) {}

  PLASTIC_HOST_DEVICE bool keeps(std::uint32_t bits) const { return bits >= threshold; }
};

}  // namespace plastic
