#pragma once

#include <algorithm>
#include <cstddef>

namespace plastic {

/// The most memory that was in use at a time of late, which is what a cache of freed memory has to
/// hold: a training step takes again what it frees. "Of late" is told by the memory that is handed
/// out, not by a clock, so that a program keeps and gives back the same in every run: it is the
/// last 8 to 16 times the peak itself, several steps of a training.
class RecentPeak {
 public:
  std::size_t bytes() const { return std::max(now_, before_); }

  /// `taken` bytes were handed out, `in_use` with them. True where an older peak is forgotten: time
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
  /// In this period and the one before.
  std::size_t now_ = 0;
  std::size_t before_ = 0;
  std::size_t handed_out_ = 0;
};

/// What may be held in all where `peak` bytes were in use at a time of late: sizes that differ from
/// step to step take more than the peak, and what is small is not worth the time.
constexpr std::size_t worth_holding(std::size_t peak) {
  return peak + std::max(peak / 2, std::size_t{32} << 20);
}

}  // namespace plastic
