#pragma once

#include <string>

#include "apps/study/search.h"

namespace plastic::apps {

/// What `plastic tune` searches for an optimizer unless told otherwise: its learning rate and,
/// where it has one by default or is known to need one, its weight decay, with NeuroPlastic's
/// scale. Throws Error for an unknown name.
SearchSpace default_search_space(const std::string& optimizer);

/// Reads "lr=log:1e-4:1e-1", "weight-decay=choices:0:0.01:0.1": an option, one of
/// search_kind_names(), and bounds or values. Throws UsageError.
SearchDimension parse_search_dimension(const std::string& text);

/// The value of an option as TOML has it: the text that is read from it is `text`, even of a folder
/// called 1e5.
std::string toml_value(const std::string& text);

/// The text that parse_search_dimension() reads it from.
std::string to_text(const SearchDimension& dimension);

/// As a study's file has it: "lr = { log = [0.0001, 0.1] }".
std::string toml_line(const SearchDimension& dimension);

}  // namespace plastic::apps
