#pragma once

#include <string_view>

namespace plastic::optim {

/// Whether one of the patterns, which commas separate, matches the whole name: `*` stands for any
/// characters, none included, and `?` for one. Blanks around a pattern do not count.
bool matches_pattern(std::string_view patterns, std::string_view name);

}  // namespace plastic::optim
