#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace plastic::apps {

/// Which epoch is to be chosen, counted from 0, by the accuracies of a run's epochs: that of the
/// best validation accuracy, the first of equals; in runs that set nothing aside, whose validation
/// accuracies are none or NaN, that of the best test accuracy. One that is NaN is worse than any.
/// Nothing for no epoch.
std::optional<std::size_t> best_epoch_index(std::span<const double> validation,
                                            std::span<const double> test);

}  // namespace plastic::apps
