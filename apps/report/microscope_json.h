#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "apps/microscope/probe_columns.h"

namespace plastic::apps {

/// Numbers as text, three characters each, as microscope_drawing.js reads them: steps in a range,
/// equal in the logarithm where no number is below 0 and the range is wide. A number is off by at
/// most 2e-6 of the range, of its logarithm in the latter case; 0 stays 0.
nlohmann::ordered_json packed_numbers(std::span<const double> values);

/// The columns of a run as microscope.js draws them; in its lists, the columns of a tensor are
/// neighbours.
nlohmann::ordered_json microscope_json(const ProbeColumns& columns);

/// About how many characters a column of it has.
std::size_t characters_per_column(const ProbeHeader& header);

}  // namespace plastic::apps
