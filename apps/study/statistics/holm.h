#pragma once

#include <span>
#include <vector>

namespace plastic::apps {

/// The p values of several tests, adjusted so that calling those below a level significant errs
/// anywhere among them with that probability at most (Holm, "A simple sequentially rejective
/// multiple test procedure", 1979). The smallest of m is multiplied by m, the next by m - 1 and so
/// on, none falls below a smaller one's, and none exceeds 1. NaN, where there was no test, stays
/// NaN and is not counted.
std::vector<double> holm(std::span<const double> p);

}  // namespace plastic::apps
