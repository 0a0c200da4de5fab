#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "apps/cli/option_table.h"
#include "apps/cli/values.h"

// The parts of option_table(), a file each, and what their rows are made with.
namespace plastic::apps::rows {

std::vector<Option> data_rows();
std::vector<Option> model_rows();
/// The optimizer and the options of single ones, but NeuroPlastic's.
std::vector<Option> optimizer_rows();
/// --np.NAME.
std::vector<Option> neuroplastic_rows();
std::vector<Option> training_rows();
std::vector<Option> device_rows();
std::vector<Option> output_rows();

using O = RunOptions;
using Text = const std::string&;

/// A value that is said only where `condition` holds.
template <class T>
OptionValue where(bool condition, T value) {
  return condition ? OptionValue(std::move(value)) : OptionValue();
}

inline OptionValue switch_value(bool on) { return where(on, true); }

inline bool parse_switch(Text text) { return parse_choice(text, {"true", "false"}) == "true"; }

inline int parse_count(Text text, std::int64_t low, std::int64_t high) {
  return static_cast<int>(parse_integer(text, low, high));
}

}  // namespace plastic::apps::rows
