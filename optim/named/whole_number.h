#pragma once

#include <cmath>
#include <cstdint>

#include "core/check.h"
#include "plastic/optim/optimizer_table.h"

namespace plastic::optim {

/// A number of the settings that counts something. Throws Error unless it is whole.
inline std::int64_t whole_number(const OptimizerSettings& settings, const char* option) {
  constexpr double bound = 1e9;
  const double value = settings.number(option);
  if (!(std::abs(value) <= bound) || std::floor(value) != value) {
    fail(settings.name.c_str(), option, " is ", value, "; it must be a whole number up to 1e9");
  }
  return static_cast<std::int64_t>(value);
}

}  // namespace plastic::optim
