#include "apps/runs/best_epoch.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plastic::apps {

std::optional<std::size_t> best_epoch_index(std::span<const double> validation,
                                            std::span<const double> test) {
  const auto is_number = [](double value) { return !std::isnan(value); };
  const std::span<const double> by = std::ranges::any_of(validation, is_number) ? validation : test;
  if (by.empty()) return std::nullopt;
  const auto order = [](double value) {
    return std::isnan(value) ? -std::numeric_limits<double>::infinity() : value;
  };
  return static_cast<std::size_t>(std::ranges::max_element(by, {}, order) - by.begin());
}

}  // namespace plastic::apps
