#pragma once

#include <algorithm>
#include <cstddef>

namespace plastic {

/// The recent peak of memory in use, which is what a cache of freed memory has to hold: a training
/// step allocates again what it frees. "Recent" is measured in memory handed out, not in time, so
/// that a program keeps and gives back the same in every run: it is the last 8 to 16 times the peak
/// itself, several training steps.
class RecentPeak {
 public:
  std::size_t bytes() const { return std::max(now_, before_); }

  /// `taken` bytes were handed out, `in_use` with them. True when an older peak is forgotten: time
  /// to compare what is kept with bytes().
  bool add(std::size_t taken, std::size_t in_use) {
    now_ = std::max(now_, in_use);
    // Small blocks take time too.
    handed_out_ += taken + 4096;
    if (handed_out_ / 8 <= bytes()) return false;
    handed_out_ = 0;
    before_ = now_;
    now_ = in_use;
    return true;
  }

 private:
  /// The peaks of this period and the one before.
  std::size_t now_ = 0;
  std::size_t before_ = 0;
  std::size_t handed_out_ = 0;
};

/// What may be held in all when `peak` is the recent peak: sizes that differ from step to step take
/// more than the peak, and small amounts are not worth the time.
constexpr std::size_t worth_holding(std::size_t peak) {
  return peak + std::max(peak / 2, std::size_t{32} << 20);
}

}  // namespace plastic
