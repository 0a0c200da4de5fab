#pragma once

#include <cstdint>

#include "core/random/philox.h"

namespace plastic::data {

/// The numbers of one image, in the order in which they are asked for.
class Draws {
 public:
  Draws(std::uint64_t seed, std::uint64_t stream) : seed_(seed), stream_(stream) {}

  std::uint32_t bits() {
    if (used_ == 4) {
      block_ = philox(seed_, stream_, next_block_++);
      used_ = 0;
    }
    return block_.word[used_++];
  }
  float uniform(float low, float high) { return low + (high - low) * uniform_from(bits()); }
  /// In [0, count).
  int below(int count) {
    return static_cast<int>((std::uint64_t{bits()} * static_cast<std::uint64_t>(count)) >> 32);
  }
  /// Nearly normal, deviation 1: the sum of four bytes, of variance 4 (256² - 1) / 12.
  float normal() {
    const std::uint32_t word = bits();
    const std::uint32_t sum =
        (word & 255U) + ((word >> 8) & 255U) + ((word >> 16) & 255U) + (word >> 24);
    return (static_cast<float>(sum) - 510.0F) * (1.0F / 147.8F);
  }

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t next_block_ = 0;
  PhiloxBlock block_ = {};
  int used_ = 4;
};

}  // namespace plastic::data
