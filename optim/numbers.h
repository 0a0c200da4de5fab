#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plastic/core/state_dict.h"

namespace plastic::optim {

/// A number as a tensor of rank 0, f64 or i64.
NamedTensor number(const std::string& name, double value);
NamedTensor count(const std::string& name, std::int64_t value);

/// Throws Error naming `owner` unless the state has exactly these names, each once.
void check_names(const char* owner, const StateDict& state, const std::vector<std::string>& names);

/// The number called `name`. Throws Error naming `owner` unless it is a single number and, for a
/// count, an integer of 0 or more.
double number_of(const char* owner, const StateDict& state, const std::string& name);
std::int64_t count_of(const char* owner, const StateDict& state, const std::string& name);

}  // namespace plastic::optim
