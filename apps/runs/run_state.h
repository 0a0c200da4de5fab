#pragma once

#include <string>

#include "plastic/core/random.h"
#include "plastic/core/state_dict.h"
#include "plastic/data/loader.h"

// How the parts of a run's state become one state dict and come out of it again.
namespace plastic::apps {

/// Appends `part` to `all`, `prefix` before its names.
void append(StateDict& all, const std::string& prefix, const StateDict& part);

/// What append() put there, under its own names; empty for none.
StateDict part_of(const StateDict& all, const std::string& prefix);

/// A generator's three numbers, as the bits of signed ones, which is what tensors have.
Tensor to_tensor(const Generator& generator);
/// Throws Error unless the tensor called `name` is one that to_tensor() gives.
Generator to_generator(const StateDict& state, const char* name);

/// "loader.generator" and "loader.position".
void append(StateDict& all, const data::LoaderState& loader);
/// Throws Error unless both are there.
data::LoaderState loader_state(const StateDict& state);

}  // namespace plastic::apps
