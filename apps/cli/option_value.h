#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace plastic::apps {

/// The value of an option as files have it; monostate where there is nothing to say.
using OptionValue = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double,
                                 std::string, std::vector<std::int64_t>, std::vector<std::string>>;

/// The value that a text stands for: "true", "0.1", else the text itself.
OptionValue value_of_text(const std::string& text);

/// As the command line has it: "0.1", "256,256", "crop:4,flip:0.5"; empty for monostate.
std::string plain_text(const OptionValue& value);

/// As TOML has it. Numbers are the shortest text that gives them back.
std::string toml_text(const OptionValue& value);

}  // namespace plastic::apps
