#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace plastic::apps {

/// What a character of a sparkline that stands for several numbers shows.
enum class SparkRule { mean, largest };

/// `values` in time as a line of at most `width` characters, from ▁ at `low` to █ at `high`; a
/// blank where no value is a number.
std::string sparkline(std::span<const double> values, std::size_t width, double low, double high,
                      SparkRule rule);

}  // namespace plastic::apps
