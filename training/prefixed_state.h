#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "plastic/core/state_dict.h"

// How the states of parts become one state dict and come out of it again.
namespace plastic {

/// Appends `part` to `all`, `prefix` before its names.
void append(StateDict& all, const std::string& prefix, const StateDict& part);

/// What append() put there, under its own names; empty for none.
StateDict part_of(const StateDict& all, const std::string& prefix);

/// What has none of these prefixes, under its names.
StateDict rest_of(const StateDict& all, std::initializer_list<std::string> prefixes);

/// The integers of the tensor called `name`. Throws Error of `owner` unless there are `count`.
std::vector<std::int64_t> integers(const char* owner, const StateDict& state, const char* name,
                                   std::size_t count);

}  // namespace plastic
