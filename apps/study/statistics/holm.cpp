#include "apps/study/statistics/holm.h"

#include <algorithm>
#include <cmath>

namespace plastic::apps {

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (!std::isnan(p[i])) order.push_back(i);
  }
  std::ranges::sort(order, {}, [p](std::size_t i) { return p[i]; });
  std::vector<double> adjusted(p.begin(), p.end());
  double least = 0.0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double factor = static_cast<double>(order.size() - rank);
    least = std::max(least, std::min(1.0, factor * p[order[rank]]));
    adjusted[order[rank]] = least;
  }
  return adjusted;
}

}  // namespace plastic::apps
