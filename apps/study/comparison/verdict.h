#pragma once

#include <span>
#include <string>

#include "apps/study/comparison/versus.h"

namespace plastic::apps {

/// A row with how it did against the first one.
struct NamedVersus {
  std::string name;
  VersusFirst versus;
};

/// What the tests say of the rows against `first`, in sentences that begin with a blank: who is
/// ahead of whom, where no difference is shown and how large one would have shown, and where so few
/// seeds could not have shown any and how many could.
std::string verdicts(const std::string& first, std::span<const NamedVersus> rows);

/// "+1.05 [+0.52, +1.58]": percentage points and their 95% interval, without it where unknown.
std::string difference_text(double mean, const Interval& interval);

/// "< 0.001", "0.038"; "-" for NaN. Never rounded across significance_level.
std::string p_text(double p);

/// "in 3 of 5 seeds".
std::string of_seeds(int count, int total);

}  // namespace plastic::apps
