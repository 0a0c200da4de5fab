#pragma once

#include <string>

namespace plastic::apps {

/// `value` with three significant digits: "0.0123", "1.2e-5", "14.2"; "-" for what is not finite.
std::string short_number(double value);

/// "57%", of a share; below 10% with a digit after the point, and "<0.1%" for what would be 0.0%
/// without being nothing; "-" for what is not finite.
std::string short_percent(double share);

}  // namespace plastic::apps
